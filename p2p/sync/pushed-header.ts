/** Owns the id of the header that was pushed last: every peer pushes the same one, and it is hashed once. */
import { equalBytes } from '../../chain/format/bytes.ts';
import { headerIdOfBytes } from '../../chain/format/header.ts';

export class PushedHeader {
  #bytes: Uint8Array | null = null;
  #id: Uint8Array = new Uint8Array(0);

  /** Id of these bytes. */
  idOf(bytes: Uint8Array): Uint8Array {
    if (this.#bytes === null || !equalBytes(this.#bytes, bytes)) {
      this.#bytes = bytes.slice();
      this.#id = headerIdOfBytes(bytes);
    }
    return this.#id;
  }
}
