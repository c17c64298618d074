/**
 * Opens connections that only take up places: `silent-crowd HOST PORT COUNT SECONDS`. Half of its connections say nothing, a
 * quarter drips a byte a second, a quarter opens a link and says nothing on it; each is dialled again when it closes.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

const [host, port, count, seconds] = process.argv.slice(2);
const AGAIN_MS = 50;
const HEAD = 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ';
const upgrade = (): string =>
  `GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: pier.1\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`;

function dial(index: number): void {
  const socket = connect(Number(port), host);
  let drip: NodeJS.Timeout | undefined;
  socket.on('error', () => {});
  socket.resume();
  socket.once('connect', () => {
    if (index % 4 === 1) socket.write(upgrade());
    if (index % 4 !== 3) return;
    let at = 0;
    drip = setInterval(() => socket.write(HEAD[at++] ?? 'x'), 1_000);
  });
  socket.once('close', () => {
    clearInterval(drip);
    setTimeout(() => dial(index), AGAIN_MS);
  });
}

for (let i = 0; i < Number(count); i++) dial(i);
setTimeout(() => process.exit(0), Number(seconds) * 1_000);
