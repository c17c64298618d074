/** Owns where a node is dialled that listens on all addresses of its machine: nobody can dial `0.0.0.0` or `[::]`. */

/** The URL with a wildcard for its host replaced by the loopback of the same family; any other text as it is. */
export function dialable(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.hostname === '0.0.0.0') parsed.hostname = '127.0.0.1';
  else if (parsed.hostname === '[::]') parsed.hostname = '[::1]';
  else return url;
  return parsed.href;
}
