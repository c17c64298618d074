/**
 * Owns one node: puts its parts together, says where it is in `node.json`, and takes it apart in order. Nothing here
 * decides anything about the ledger or the network.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptStoreError, OutdatedStoreError } from '../chain/errors.ts';
import { toHex } from '../chain/format/bytes.ts';
import { Ledger } from '../chain/ledger/ledger.ts';
import { Mempool } from '../chain/pool/mempool.ts';
import { parsePeerUrl } from '../p2p/addresses/peer-url.ts';
import { FRAME_BYTES_MAX } from '../p2p/messages.ts';
import manifest from '../package.json' with { type: 'json' };
import { SystemTimer, systemClock } from './clock.ts';
import { ConfigError, formatHostPort, isWildcard, type NodeConfig } from './config.ts';
import { BLOCK_FOLDER } from './disk/folders.ts';
import { NodeFiles } from './disk/node-files.ts';
import { readFileIfThere, writeFileAtomically } from './files.ts';
import { keepGenesis, readGenesis } from './genesis-file.ts';
import { loadIdentity } from './identity.ts';
import { type LevelStore, moveStoreAside, openLevelStore } from './level-store.ts';
import { type FileLogger, openLog } from './logs.ts';
import { WorkerMiner } from './miner.ts';
import { Observer } from './observer.ts';
import { Reactor } from './reactor/reactor.ts';
import { ReactorView } from './reactor-view.ts';
import { makeCookie } from './rpc/gate.ts';
import { RpcServer } from './rpc/server.ts';
import { Scrubber } from './scrubber.ts';
import { WebSocketTransport } from './transport.ts';
import { ThreadPoolVerifier } from './verifier.ts';

/** What `node.json` says while a node runs. */
export interface NodeInfo {
  readonly pid: number;
  readonly chainId: string;
  /** Node id, hex. */
  readonly node: string;
  /** `http://host:port` */
  readonly rpc: string;
  /** `ws://host:port`, or null if it takes no links. */
  readonly p2p: string | null;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** Why a node ended: it was told to; its state is damaged and will be made again at the next start; or it can't go on. */
export type NodeEnd =
  | { readonly cause: 'stopped' | 'damaged' }
  | { readonly cause: 'failed'; readonly error: unknown };

export interface RunningNode {
  readonly info: NodeInfo;
  /** Resolves when everything is closed. */
  readonly ended: Promise<NodeEnd>;
  /** Begins an orderly stop. */
  stop(): void;
}

/** Starts a node; resolves when it serves. Rejects with `ConfigError`, `StoreUnavailableError`, or what a port says. */
export async function startNode(config: NodeConfig, minerProgram: URL): Promise<RunningNode> {
  const { dataDir } = config;
  const genesis = readGenesis(dataDir, config.genesisPath);
  // Whoever has the store has the folder: nothing else in it is touched before.
  const { store, lost } = await openLevelStore(dataDir);
  const opened: Opened = { store, ledger: null, log: null };
  try {
    const log = openLog({ path: join(dataDir, 'node.log'), clock: systemClock });
    opened.log = log;
    if (lost) log.warn('storeLost', { hint: 'it is made again from the block files' });
    keepGenesis(dataDir, genesis);
    return await assemble(config, genesis, opened, log, minerProgram);
  } catch (error) {
    opened.log?.error('startFailed', { error: String(error) });
    await opened.ledger?.close();
    await opened.store.close();
    opened.log?.close();
    throw error;
  }
}

/** What must be closed if a start fails half-way. */
interface Opened {
  store: LevelStore;
  ledger: Ledger | null;
  log: FileLogger | null;
}

async function assemble(
  config: NodeConfig,
  genesis: ReturnType<typeof readGenesis>,
  opened: Opened,
  log: FileLogger,
  minerProgram: URL,
): Promise<RunningNode> {
  const { dataDir } = config;
  const identity = loadIdentity(join(dataDir, 'identity'));
  const ledger = await openLedger(dataDir, genesis.params, opened, log);
  opened.ledger = ledger;
  const transport = new WebSocketTransport({
    maxFrameBytes: FRAME_BYTES_MAX,
    allowedOrigins: config.allowedOrigins,
  });
  transport.lag(config.lagMs);
  const miner = new WorkerMiner({
    hashesPerSecond: config.hashrate,
    burst: config.burst,
    program: minerProgram,
    onError: (error) => log.error('minerFailed', { error: error.message }),
  });

  let end: (end: NodeEnd) => void = () => {};
  const ending = new Promise<NodeEnd>((resolve) => {
    end = resolve;
  });
  const listening =
    config.listen === null
      ? null
      : await bind('listen', transport.listen(config.listen.host, config.listen.port));
  const p2p = listening === null ? null : `ws://${formatHostPort(listening)}`;
  const reachable = p2p === null || isWildcard(listening!.host) ? '' : (parsePeerUrl(p2p)?.url ?? '');
  const addressBook = join(dataDir, 'addresses');
  const reactor = new Reactor({
    ledger,
    pool: new Mempool(genesis.params),
    transport,
    clock: systemClock,
    timer: new SystemTimer(),
    miner,
    identity,
    random: () => randomBytes(4).readUInt32BE(),
    network: { listen: reachable, agent: `pier/${manifest.version}`, peers: config.peers },
    savedAddresses: readFileIfThere(addressBook),
    saveAddresses(bytes) {
      try {
        writeFileAtomically(addressBook, bytes);
      } catch (error) {
        log.warn('addressesNotSaved', { error: String(error) });
      }
    },
    fatal(error) {
      log.error('fatal', { error: String(error), stack: error instanceof Error ? (error.stack ?? '') : '' });
      end(error instanceof CorruptStoreError ? { cause: 'damaged' } : { cause: 'failed', error });
    },
  });
  const scrubber = new Scrubber({
    ledger,
    clock: systemClock,
    timer: new SystemTimer(),
    busy: () => reactor.busy,
    fatal: (error) => reactor.fail(error),
  });
  const view = new ReactorView(reactor, {
    scrub: () => scrubber.progress,
    genesis: genesis.json,
    nodeId: toHex(identity.publicKey),
    version: manifest.version,
    listen: p2p,
    wallMs: systemClock.wallMs,
    lag: (ms) => transport.lag(ms),
    stop: () => end({ cause: 'stopped' }),
  });
  const observer = new Observer(reactor, view, log);
  const cookie = makeCookie();
  const rpc = new RpcServer({
    view,
    logger: log,
    cookie,
    hosts: [
      ...(isWildcard(config.rpc.host) ? [] : [formatHostPort({ ...config.rpc, port: 0 }).replace(/:0$/, '')]),
      ...config.allowedHosts,
    ],
    metrics: () => observer.metrics.format(),
    onCall: (method, ok) => observer.countCall(method, ok),
  });
  const infoPath = join(dataDir, 'node.json');

  const stopParts = async (): Promise<void> => {
    rmSync(infoPath, { force: true });
    await rpc.stop();
    await scrubber.stop();
    await reactor.stop();
  };
  try {
    const bound = await bind('rpc', rpc.listen(config.rpc.host, config.rpc.port));
    writeFileAtomically(join(dataDir, 'cookie'), cookie);
    await reactor.start().catch((error) => {
      // Found while it takes back what it had: it ends as one that ran, and begins again with a rebuild.
      if (!(error instanceof CorruptStoreError)) throw error;
      end({ cause: 'damaged' });
    });
    if (config.scrub) scrubber.start();
    if (config.mine !== null) reactor.mining.set(config.mine, undefined);
    const info: NodeInfo = {
      pid: process.pid,
      chainId: toHex(ledger.chainId),
      node: toHex(identity.publicKey),
      rpc: `http://${formatHostPort(bound)}`,
      p2p,
      startedAt: systemClock.wallMs(),
    };
    writeFileAtomically(infoPath, `${JSON.stringify(info)}\n`);
    log.info('started', { ...info, height: ledger.tip.height });
    const ended = ending.then(async (cause) => {
      log.info('stopping', { cause: cause.cause });
      await stopParts();
      await ledger.close();
      if (cause.cause === 'damaged') await removeStore(dataDir, opened.store, true);
      else await opened.store.close();
      log.info('stopped');
      log.close();
      return cause;
    });
    return { info, ended, stop: () => end({ cause: 'stopped' }) };
  } catch (error) {
    await stopParts();
    throw error;
  }
}

/** The ledger of the store. If that is damaged, an empty one takes its place, to be filled from the block files. */
async function openLedger(
  dataDir: string,
  params: ReturnType<typeof readGenesis>['params'],
  opened: Opened,
  log: FileLogger,
): Promise<Ledger> {
  const steps = new Set<number>();
  const open = (): Promise<Ledger> =>
    Ledger.open({
      params,
      store: opened.store,
      files: new NodeFiles(join(dataDir, BLOCK_FOLDER)),
      verifier: new ThreadPoolVerifier(),
      pause: () => new Promise((resolve) => setImmediate(resolve)),
      onDamage: (damage) => log.error('blocksDamaged', { damage }),
      onMigration({ done, total }) {
        const percent = Math.floor((done / total) * 10) * 10;
        if (!steps.has(percent)) log.info('migrating', { percent, blocks: total / 3 });
        steps.add(percent);
      },
      onMend: (what) => log.warn('mended', { what }),
    });
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof CorruptStoreError)) throw error;
    const isOutdated = error instanceof OutdatedStoreError;
    if (!isOutdated) log.error('storeDamaged', { error: error.message });
    await removeStore(dataDir, opened.store, !isOutdated);
    opened.store = (await openLevelStore(dataDir)).store;
    const ledger = await open();
    log.warn('rebuilding', { reason: error.message, ...ledger.rebuilding });
    return ledger;
  }
}

/** Closes a store and removes it: the next to be opened is empty, and filled from the block files. `keep`: it is moved aside. */
async function removeStore(dataDir: string, store: LevelStore, keep: boolean): Promise<void> {
  await store.close();
  if (keep) moveStoreAside(dataDir);
  else rmSync(join(dataDir, 'db'), { recursive: true, force: true });
}

/** Says which option to change if a port can't be had. */
async function bind<T>(option: string, listening: Promise<T>): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new ConfigError('the port is in use', `Choose another with --${option}.`);
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new ConfigError(`can't listen: ${message}`, `Choose another address with --${option}.`);
    }
    throw error;
  }
}
