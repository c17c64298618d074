/** `pier node start`: a node in the foreground that other commands find by themselves. */
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { waitUntil } from '../../cli/testnet/wait.ts';
import { PierHome } from './run-pier.ts';

const home = new PierHome();
afterAll(() => home.remove());

test('runs, is found without a URL, uses the keyring of the home, and ends on Ctrl-C', async () => {
  const child = home.spawn(['node', 'start', '--rpc', '127.0.0.1:0', '--json']);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  try {
    expect(await waitUntil(() => text.endsWith('\n') || child.exitCode !== null, 30_000)).toBe(true);
    const info = JSON.parse(text);
    // The node runs in a child of the command.
    expect(info).toMatchObject({ pid: expect.any(Number), p2p: null, dataDir: join(home.path, 'node') });
    expect(info.pid).not.toBe(child.pid);
    const status = await home.json(['status']);
    expect(status).toMatchObject({ height: 0, peers: 0, node: info.node });
    expect(status.supply).toBe('0');
    expect(await home.faultCode(['key', 'new', 'alice'])).toBe('PASSPHRASE_NEEDED');
    expect(await home.faultCode(['status', '--dir', join(home.path, 'elsewhere')])).toBe('NO_NODE');
    expect((await home.json(['block', '0'])).height).toBe(0);
  } finally {
    child.kill('SIGINT');
  }
  expect(await ended).toBe(0);
  expect(existsSync(join(home.path, 'node', 'node.json'))).toBe(false);
  expect(await home.faultCode(['status'])).toBe('NO_NODE');
});

test('one that listens on all addresses is dialled on the loopback, and by the names it is told', async () => {
  const args = ['node', 'start', '--rpc', '0.0.0.0:0', '--allow-host', 'pier.example', '--json'];
  const child = home.spawn(args);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  try {
    expect(await waitUntil(() => text.endsWith('\n') || child.exitCode !== null, 30_000)).toBe(true);
    const { node, rpc } = JSON.parse(text);
    expect(rpc).toMatch(/^http:\/\/0\.0\.0\.0:/);
    expect(await home.json(['status'])).toMatchObject({ node });
    expect(await home.json(['status', '--node', rpc])).toMatchObject({ node });
    const { port } = new URL(rpc);
    const ask = (host: string): Promise<{ status: number; text: string }> =>
      new Promise((resolve, reject) => {
        const call = request({ port, host: '127.0.0.1', path: '/health', headers: { host } }, (response) => {
          let body = '';
          response.on('data', (part) => {
            body += part;
          });
          response.on('end', () => resolve({ status: response.statusCode!, text: body }));
        });
        call.on('error', reject).end();
      });
    for (const host of ['127.0.0.1', 'localhost:1', `pier.example:${port}`])
      expect((await ask(host)).status).toBe(200);
    expect(await ask('other.example')).toEqual({
      status: 403,
      text: expect.stringContaining('--allow-host'),
    });
  } finally {
    child.kill('SIGINT');
  }
  expect(await ended).toBe(0);
});

test('options that can not be are refused with the option named', async () => {
  const { code, stderr } = await home.run(['node', 'start', '--peer', 'http://example.org']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/--peer.*\nhint: .*ws:\/\//);
  expect(await home.faultCode(['node', 'start', '--genesis', join(home.path, 'none.json')])).not.toBe(
    'INTERNAL',
  );
});
