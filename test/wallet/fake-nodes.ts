/** Nodes in memory behind the client's two ports: each is a function from a JSON-RPC message to what it answers. */
import type { Fetch, FetchResponse, Timer } from '../../wallet/http.ts';

export interface Message {
  readonly id: number;
  readonly method: string;
  readonly params: Record<string, unknown>;
}

/** What a node does with a message: bytes with a status, or `null` for no answer at all. */
export type Behaviour = (message: Message | Message[]) => Reply | null;
export interface Reply {
  readonly status: number;
  readonly chunks: readonly Uint8Array[];
  /** The body never ends. */
  readonly open?: boolean;
}

export const raw = (text: string, status = 200): Reply => ({
  status,
  chunks: [new TextEncoder().encode(text)],
});
export const json = (value: unknown, status = 200): Reply => raw(JSON.stringify(value), status);

/** Answers each call with what `method` gives; a batch with a list in reverse order. */
export function serve(method: (message: Message) => unknown): Behaviour {
  const answer = (message: Message) => ({ jsonrpc: '2.0', id: message.id, result: method(message) });
  return (message) => json(Array.isArray(message) ? message.map(answer).reverse() : answer(message));
}

/** Answers each call with an error. */
export function refuse(code: number, text: string, data?: unknown): Behaviour {
  const answer = (message: Message) => ({
    jsonrpc: '2.0',
    id: message.id,
    error: { code, message: text, data },
  });
  return (message) => json(Array.isArray(message) ? message.map(answer) : answer(message));
}

export const silent: Behaviour = () => null;
export const down: Behaviour = () => {
  throw new TypeError('fetch failed', {
    cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
  });
};

export class FakeNodes {
  readonly behaviours = new Map<string, Behaviour>();
  /** URL of every request, in order. */
  readonly asked: string[] = [];
  readonly messages: (Message | Message[])[] = [];
  cancelled = 0;
  #timers = new Set<() => void>();

  constructor(behaviours: Record<string, Behaviour>) {
    for (const [url, behaviour] of Object.entries(behaviours))
      this.behaviours.set(new URL(url).href, behaviour);
  }

  /** Time passes as soon as nothing else can happen: a timer fires when the microtasks have run dry. */
  readonly timer: Timer = {
    after: (_ms, callback) => {
      this.#timers.add(callback);
      return () => this.#timers.delete(callback);
    },
  };

  get pendingTimers(): number {
    return this.#timers.size;
  }

  elapse(): void {
    for (const callback of [...this.#timers]) {
      this.#timers.delete(callback);
      callback();
    }
  }

  readonly fetch: Fetch = async (url, { body, signal }) => {
    this.asked.push(url);
    const message = JSON.parse(body) as Message | Message[];
    this.messages.push(message);
    const behaviour = this.behaviours.get(url);
    if (behaviour === undefined) throw new Error(`no node at ${url}`);
    const reply = behaviour(message);
    if (reply === null) {
      // A real fetch rejects when its signal does; time is the test's to move.
      queueMicrotask(() => this.elapse());
      return new Promise<FetchResponse>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    }
    return this.#respond(reply);
  };

  #respond({ status, chunks, open = false }: Reply): FetchResponse {
    const waiting = [...chunks];
    return {
      status,
      body: {
        getReader: () => ({
          read: async () => {
            const value = waiting.shift();
            if (value !== undefined) return { done: false, value };
            if (!open) return { done: true };
            queueMicrotask(() => this.elapse());
            return new Promise<never>(() => {});
          },
          cancel: async () => {
            this.cancelled++;
          },
        }),
      },
    };
  }
}
