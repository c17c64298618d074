/** Owns an honest peer as far as its handshake: it dials, proves who it is, and knows whether the node did. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { WebSocket } from 'ws';
import { concat } from '../../chain/format/bytes.ts';
import { DOMAIN } from '../../chain/format/hash.ts';
import { decodeMessage, encodeMessage, type Hello, PROTOCOL_VERSION } from '../../p2p/messages.ts';

const NOTHING = new Uint8Array();

/** The open link, once the node has proved its id; rejects after `timeoutMs`. `port` is that of the loopback. */
export function join(port: number, chainId: Uint8Array, timeoutMs: number): Promise<WebSocket> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  const hello: Hello = {
    version: PROTOCOL_VERSION,
    chainId,
    nodeId: new Uint8Array(Buffer.from(x!, 'base64url')),
    nonce: crypto.getRandomValues(new Uint8Array(32)),
    work: 0n,
    height: 0,
    capabilities: 0,
    listen: NOTHING,
    agent: NOTHING,
  };
  const ours = encodeMessage('hello', hello);
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, 'pier.1', { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.terminate(), timeoutMs);
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new Error('no link'));
    });
    socket.once('open', () => socket.send(ours));
    socket.on('message', (data) => {
      const theirs = new Uint8Array(data as Buffer);
      const name = decodeMessage(theirs)?.name;
      if (name === 'hello') {
        const said = concat(DOMAIN.handshakeSignature, Uint8Array.of(1), ours, theirs);
        socket.send(encodeMessage('proof', { signature: new Uint8Array(sign(null, said, privateKey)) }));
      } else if (name === 'proof') {
        clearTimeout(timer);
        socket.removeAllListeners('message');
        resolve(socket);
      }
    });
  });
}
