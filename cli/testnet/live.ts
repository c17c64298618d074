/**
 * Owns the running testnet in the foreground: follows its nodes, shows them, and ends them all on Ctrl-C. On a pipe it
 * prints a line an event. It ends by itself when the testnet is stopped from another terminal.
 */
import { formatSpan } from '../layout.ts';
import { findRunningNode } from '../node-file.ts';
import { shortPath } from '../places.ts';
import { err, out } from '../streams.ts';
import { Subscription } from '../subscription.ts';
import { onEnding } from './ending.ts';
import { describeGroups } from './groups.ts';
import { describe, drawPicture } from './picture.ts';
import { lagOf, needPlan, nodeDir, rpcUrl, type TestnetPlan } from './plan.ts';
import { Scene } from './scene.ts';
import { Screen } from './screen.ts';
import { stopAll } from './start.ts';
import { surveyNode } from './survey.ts';

/** Tips come by themselves; this is for what doesn't, and for the ages. */
const REFRESH_MS = 1_000;

/** Shows the testnet in `dir` until it is stopped. */
export async function showLive(
  dir: string,
  { seconds, resumed }: { seconds: string; resumed: boolean },
): Promise<void> {
  const onScreen = out.canRedraw;
  const began = Date.now();
  let plan = needPlan(dir);
  const names = new Map<string, string>();
  const scene = new Scene(names, (event) => {
    if (!onScreen) out.text(`${describe(event)}\n`);
    else draw();
  });
  const subscriptions = new Map<number, Subscription>();
  let screen: Screen | null = null;
  const draw = () => {
    const groups = plan.groups === null ? null : describeGroups(plan.groups);
    const picture = {
      nodes: scene.nodes,
      events: scene.events,
      dir: shortPath(dir),
      groups,
      nowMs: Date.now(),
    };
    screen?.draw(drawPicture(picture, screen.size));
  };
  const refresh = async () => {
    plan = needPlan(dir);
    follow(dir, plan, { names, scene, subscriptions });
    const reports = await Promise.all(plan.nodes.map((node) => surveyNode(dir, node)));
    for (const report of reports) scene.report(report, lagOf(plan, report.index), Date.now());
    draw();
  };
  if (onScreen) screen = new Screen(draw);
  else {
    const verb = resumed ? 'goes on' : 'started';
    out.text(`testnet ${verb}: ${plan.nodes.length} nodes agree after ${seconds} s; Ctrl-C stops it\n`);
  }
  let ending: string;
  try {
    ending = await untilStopped(refresh, () => plan.stopped && noneRuns(dir, plan));
  } finally {
    for (const subscription of subscriptions.values()) subscription.end();
    screen?.close();
  }
  if (ending !== 'elsewhere') {
    err.text('stopping the nodes…\n');
    await stopAll(dir);
  }
  const height = Math.max(0, ...scene.nodes.map((node) => node.height));
  out.text(
    `testnet stopped at height ${height} after ${formatSpan(Date.now() - began)}; its data stays in ${shortPath(dir)}\n` +
      'go on with it: npm start      begin anew: npm start -- --fresh\n',
  );
}

interface Watching {
  readonly names: Map<string, string>;
  readonly scene: Scene;
  readonly subscriptions: Map<number, Subscription>;
}

/** Subscribes to nodes that are new. */
function follow(dir: string, plan: TestnetPlan, { names, scene, subscriptions }: Watching): void {
  for (const { index, miner } of plan.nodes) {
    names.set(miner, `node ${index}`);
    if (subscriptions.has(index)) continue;
    // Asked anew each time: a node that restarts may have other ports.
    const url = () => {
      const node = needPlan(dir).nodes.find((candidate) => candidate.index === index);
      return node === undefined || findRunningNode(nodeDir(dir, index)) === null ? null : rpcUrl(node);
    };
    const subscription = new Subscription(url, ['tip', 'reorg'], {
      event(event) {
        if (event.topic === 'tip') scene.tip(index, event, Date.now());
        if (event.topic === 'reorg') scene.reorg(index, event, Date.now());
      },
    });
    subscriptions.set(index, subscription);
  }
}

/** Refreshes until a signal comes or the testnet was stopped; says which. */
function untilStopped(refresh: () => Promise<void>, stoppedElsewhere: () => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    let ended = false;
    const end = (finish: () => void) => {
      ended = true;
      clearTimeout(timer);
      forget();
      finish();
    };
    const forget = onEnding('running', () => end(() => resolve('signal')));
    const tick = async () => {
      try {
        await refresh();
        if (ended) return;
        if (stoppedElsewhere()) return end(() => resolve('elsewhere'));
        timer = setTimeout(tick, REFRESH_MS);
      } catch (error) {
        if (!ended) end(() => reject(error));
      }
    };
    void tick();
  });
}

function noneRuns(dir: string, plan: TestnetPlan): boolean {
  return plan.nodes.every(({ index }) => findRunningNode(nodeDir(dir, index)) === null);
}
