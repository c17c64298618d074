/**
 * Owns one exchange with one node: a POST of JSON, answered in JSON, within a time and a size. The world comes in as
 * two ports. An answer is cut off at `RESPONSE_BYTES_MAX`, so no node can fill our memory.
 */

/** Largest answer that is read: what a node sends at most, and some room. */
export const RESPONSE_BYTES_MAX = 8 * 1024 * 1024;

/** The part of a fetch `Response` that is used. */
export interface FetchResponse {
  readonly status: number;
  readonly body: {
    getReader(): {
      read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
      cancel(): Promise<void>;
    };
  } | null;
}

/** `globalThis.fetch` is one. */
export type Fetch = (
  url: string,
  init: {
    method: 'POST';
    headers: Record<string, string>;
    body: string;
    signal: AbortSignal;
    redirect: 'error';
  },
) => Promise<FetchResponse>;

/** Calls back once after a while, unless the returned function was called before. */
export interface Timer {
  after(ms: number, callback: () => void): () => void;
}

export interface Exchange {
  readonly fetch: Fetch;
  readonly timer: Timer;
  readonly timeoutMs: number;
  /** The caller's own way to stop it. */
  readonly signal?: AbortSignal | undefined;
}

/** The HTTP status and the parsed JSON. Throws an `Error` whose message is fit to be shown as the reason. */
export async function postJson(
  url: string,
  message: unknown,
  { fetch, timer, timeoutMs, signal }: Exchange,
): Promise<{ status: number; json: unknown }> {
  const controller = new AbortController();
  const stop = () => controller.abort(signal?.reason);
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true });
  });
  // Nobody may be waiting any more when it is aborted.
  aborted.catch(() => {});
  const cancelTimer = timer.after(timeoutMs, () =>
    controller.abort(new Error(`no answer in ${timeoutMs} ms`)),
  );
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  try {
    // The race ends it even if a fetch ignores its signal.
    return await Promise.race([aborted, exchange(url, message, fetch, controller.signal)]);
  } catch (error) {
    if (controller.signal.aborted) throw controller.signal.reason;
    throw new Error(reasonOf(error), { cause: error });
  } finally {
    cancelTimer();
    signal?.removeEventListener('abort', stop);
    // Lets go of the connection if an answer was left half read.
    controller.abort();
  }
}

async function exchange(url: string, message: unknown, fetch: Fetch, signal: AbortSignal) {
  signal.throwIfAborted();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(message),
    signal,
    redirect: 'error',
  });
  const text = await readText(response);
  try {
    return { status: response.status, json: JSON.parse(text) as unknown };
  } catch {
    throw new Error(response.status === 200 ? 'the answer is not JSON' : `HTTP ${response.status}`);
  }
}

async function readText({ body }: FetchResponse): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value?.length ?? 0;
    if (size > RESPONSE_BYTES_MAX) {
      reader.cancel().catch(() => {});
      throw new Error(`the answer is larger than ${RESPONSE_BYTES_MAX} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** What a fetch failed of: its own message is always "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND') return 'no such host';
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 'the connection broke';
  return typeof code === 'string' ? code : error.message;
}
