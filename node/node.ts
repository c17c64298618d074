/**
 * Owns one node: puts its parts together, says where it is in `node.json`, and takes it apart in order. Nothing here
 * decides anything about the ledger or the network.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptStoreError } from '../chain/errors.ts';
import { toHex } from '../chain/format/bytes.ts';
import { Mempool } from '../chain/pool/mempool.ts';
import { parsePeerUrl } from '../p2p/addresses/peer-url.ts';
import { FRAME_BYTES_MAX } from '../p2p/messages.ts';
import manifest from '../package.json' with { type: 'json' };
import { bind } from './bind.ts';
import { SystemTimer, systemClock } from './clock.ts';
import { ClockWatch, describeClock } from './clock-watch.ts';
import { formatHostPort, isWildcard, type NodeConfig } from './config.ts';
import { readFileIfThere, writeFileAtomically } from './files.ts';
import { keepGenesis, readGenesis } from './genesis-file.ts';
import { loadIdentity } from './identity.ts';
import { openLevelStore } from './level-store.ts';
import { openLog } from './logs.ts';
import { WorkerMiner } from './miner.ts';
import { lockNodeFolder } from './node-lock.ts';
import { Observer } from './observer.ts';
import { type Folder, type Opened, openLedger, removeStore } from './open-ledger.ts';
import { ownIdentity, type ProcessIdentity, parentIdentity } from './process-identity.ts';
import { Reactor } from './reactor/reactor.ts';
import { ReactorView } from './reactor-view.ts';
import { makeCookie } from './rpc/gate.ts';
import { RpcServer } from './rpc/server.ts';
import { Scrubber } from './scrubber.ts';
import { StorageWatch } from './storage-watch.ts';
import { WebSocketTransport } from './transport.ts';

/** How often the condition of the storage and the clock are looked at, apart from each new tip. */
const LOOK_MS = 1_000;

/** What `node.json` says while a node runs. */
export interface NodeInfo extends ProcessIdentity {
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
  // Whoever has the lock has the folder: nothing else in it is touched before.
  const lock = await lockNodeFolder(dataDir);
  const opened: Opened = { lock, store: null, ledger: null, log: null, parts: [] };
  try {
    // `node.json` of a node that was killed would be taken for this one's.
    rmSync(join(dataDir, 'node.json'), { force: true });
    const identity = { ...ownIdentity(), launcher: config.launched ? parentIdentity() : null };
    writeFileAtomically(join(dataDir, 'process.json'), `${JSON.stringify(identity)}\n`);
    const log = openLog({ path: join(dataDir, 'node.log'), clock: systemClock });
    opened.log = log;
    if (config.acceptLoss) StorageWatch.accept(dataDir);
    const { store, lost } = await openLevelStore(dataDir);
    opened.store = store;
    if (lost) log.warn('storeLost', { hint: 'it is made again from the block files' });
    keepGenesis(dataDir, genesis);
    return await assemble(config, genesis, opened as Folder, minerProgram);
  } catch (error) {
    opened.log?.error('startFailed', { error: String(error) });
    await endAll(opened);
    throw error;
  }
}

/** Ends all that a start has opened. One part that can't be ended keeps no other open. */
async function endAll({ parts, ledger, store, log, lock }: Opened): Promise<void> {
  const ends = [...parts.toReversed(), () => ledger?.close(), () => store?.close()];
  for (const end of ends) {
    try {
      await end();
    } catch (error) {
      log?.error('notClosed', { error: String(error) });
    }
  }
  log?.close();
  lock.release();
}

async function assemble(
  config: NodeConfig,
  genesis: ReturnType<typeof readGenesis>,
  opened: Folder,
  minerProgram: URL,
): Promise<RunningNode> {
  const { dataDir } = config;
  const { log } = opened;
  const storage = new StorageWatch(dataDir, systemClock, log);
  const identity = loadIdentity(join(dataDir, 'identity'));
  const ledger = await openLedger(dataDir, genesis.params, opened);
  opened.ledger = ledger;
  const transport = new WebSocketTransport({
    maxFrameBytes: FRAME_BYTES_MAX,
    allowedOrigins: config.allowedOrigins,
  });
  opened.parts.push(() => transport.stop());
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
  const clocks = new ClockWatch(systemClock.wallMs(), systemClock.monotonicMs());
  const view = new ReactorView(reactor, {
    scrub: () => scrubber.progress,
    genesis: genesis.json,
    nodeId: toHex(identity.publicKey),
    version: manifest.version,
    listen: p2p,
    wallMs: systemClock.wallMs,
    health: () => ({
      storage: storage.current,
      clock: describeClock({
        wallMs: systemClock.wallMs(),
        tipMs: ledger.tip.header.time,
        futureMs: genesis.params.limits.futureMs,
        jump: clocks.last,
      }),
      crash: storage.lastCrash,
      journal: storage.journalLoss,
    }),
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

  const look = setInterval(() => {
    storage.update();
    const jump = clocks.look(systemClock.wallMs(), systemClock.monotonicMs());
    if (jump !== null) log.warn('clockJumped', { ...jump });
  }, LOOK_MS).unref();
  const stopParts = async (): Promise<void> => {
    clearInterval(look);
    rmSync(infoPath, { force: true });
    rmSync(join(dataDir, 'process.json'), { force: true });
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
    const { mine } = config;
    // A chain of its own in place of one that is lost would hide the loss.
    storage.follow(
      () => ({
        tip: ledger.tip,
        best: view.bestHeader,
        rebuilding: ledger.rebuilding,
        syncing: view.syncing,
        lostBlocks: ledger.lost.size,
        linked: view.peers().length > 0,
      }),
      () => mine !== null && reactor.mining.set(mine, undefined),
    );
    reactor.listen(({ type }) => type === 'tip' && storage.update());
    const info: NodeInfo = {
      ...ownIdentity(),
      chainId: toHex(ledger.chainId),
      node: toHex(identity.publicKey),
      rpc: `http://${formatHostPort(bound)}`,
      p2p,
      startedAt: systemClock.wallMs(),
    };
    writeFileAtomically(infoPath, `${JSON.stringify(info)}\n`);
    const { command: _command, ...told } = info;
    log.info('started', { ...told, height: ledger.tip.height });
    const ended = ending.then(async (cause) => {
      log.info('stopping', { cause: cause.cause });
      await stopParts();
      storage.note();
      await ledger.close();
      if (cause.cause === 'damaged') await removeStore(dataDir, opened.store, true);
      else await opened.store.close();
      log.info('stopped');
      log.close();
      opened.lock.release();
      return cause;
    });
    return { info, ended, stop: () => end({ cause: 'stopped' }) };
  } catch (error) {
    await stopParts();
    throw error;
  }
}
