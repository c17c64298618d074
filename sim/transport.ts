/** Owns the transport port of one process: its links by number. What opens them and how far they reach is the network's. */
import type { Transport, TransportInput } from '../node/ports.ts';
import type { Tamper } from './adversaries/tamper.ts';
import type { Side } from './link.ts';
import type { Endpoint, Network } from './network.ts';
import type { Schedule } from './schedule.ts';

/** What the world wants to see pass. */
export interface Traffic {
  input(input: TransportInput): void;
  /** The node closed a link to the node of that index. */
  closed(remote: number, code: string, reason: string): void;
}

export class VirtualTransport implements Transport, Endpoint {
  readonly node: number;
  readonly host: string;
  listening = false;
  readonly #network: Network;
  readonly #schedule: Schedule;
  readonly #traffic: Traffic;
  readonly #tamper: Tamper | null;
  readonly #sides = new Map<number, Side>();
  #handler: (input: TransportInput) => void = () => {};
  #lastLink = 0;
  #gone = false;

  constructor(
    node: number,
    host: string,
    network: Network,
    schedule: Schedule,
    traffic: Traffic,
    tamper: Tamper | null = null,
  ) {
    this.node = node;
    this.host = host;
    this.#network = network;
    this.#schedule = schedule;
    this.#traffic = traffic;
    this.#tamper = tamper;
  }

  onInput(handler: (input: TransportInput) => void): void {
    this.#handler = handler;
  }

  async listen(host: string, port: number): Promise<{ host: string; port: number }> {
    this.#network.register(`ws://${host}:${port}`, this);
    this.listening = true;
    return { host, port };
  }

  dial(address: string): void {
    if (!this.#gone) this.#network.dial(this, address);
  }

  send(link: number, bytes: Uint8Array) {
    if (this.#tamper === null) return this.#sides.get(link)?.send(bytes);
    for (const said of this.#tamper.outgoing(bytes)) {
      if (said.afterMs === 0) this.#sides.get(link)?.send(said.bytes);
      else this.#schedule.after(said.afterMs, () => this.#sides.get(link)?.send(said.bytes));
    }
  }

  close(link: number, code: string, reason: string): void {
    const side = this.#sides.get(link);
    if (side === undefined) return;
    this.#traffic.closed(side.remote, code, reason);
    side.close();
  }

  async stop(): Promise<void> {
    this.listening = false;
    for (const side of this.#sides.values()) side.close();
    this.#gone = true;
  }

  nextLink(): number {
    return ++this.#lastLink;
  }

  attach(side: Side): void {
    if (this.#gone) side.abandon();
    else this.#sides.set(side.link, side);
  }

  report(input: TransportInput): void {
    if (this.#gone) return;
    if (input.type === 'closed') this.#sides.delete(input.link);
    if (input.type === 'frame' && this.#tamper !== null) {
      const bytes = this.#tamper.incoming(input.bytes);
      if (bytes !== null) this.#handler({ ...input, bytes });
      return;
    }
    this.#traffic.input(input);
    this.#handler(input);
  }

  /** The process is gone at once. */
  crash(): void {
    this.listening = false;
    this.#gone = true;
    for (const side of this.#sides.values()) side.abandon();
    this.#sides.clear();
  }
}
