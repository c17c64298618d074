/**
 * Owns the table of commands: names, arguments, options, help. What a command does is in `commands/`, loaded when it is
 * called, so that none pays for another.
 */
import { Command } from 'commander';
import { LAG_MS_MAX } from '../node/delay-line.ts';
import { Context, type GlobalOptions } from './context.ts';
import { examples, secretOptions, sendingOptions } from './help.ts';
import { addPending } from './program-pending.ts';
import { addProofs } from './program-proofs.ts';
import { addRecords } from './program-records.ts';
import { addKeyLife, addRecovery } from './program-recovery.ts';
import { err, out } from './streams.ts';

const VERSION = '0.1.0';

const EXAMPLES = `
Examples:
  $ pier testnet start                          five nodes on this machine, and a live view
  $ pier key new alice                          make a key
  $ pier send faucet alice 100 --wait           send 100 PIER and wait for its block
  $ pier balance alice
  $ pier testnet split "1,2" "3,4,5"            make two networks of it; heal joins them
  $ pier status --node http://127.0.0.1:9470    ask a certain node

Without --node, commands find the running testnet, or the node that pier node start runs.`;

/** The program. Its `parseAsync` runs one command and throws what that throws. */
export function buildProgram(env: NodeJS.ProcessEnv): Command {
  const program = new Command('pier');
  program
    .description('Pier: a tiny replicated ledger.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'show how it is used')
    .option('--json', 'answer with one JSON document')
    .option('--node <url>', 'ask this node; may be given several times', collect)
    .option('--trust', 'believe the first node that answers, without checking')
    .option('--dir <folder>', "the testnet's folder (default: $PIER_HOME/testnet)")
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    // Complaints are told by `main.ts`, in one form.
    .configureOutput({
      writeOut: (text) => out.text(text),
      writeErr: (text) => err.text(text),
      outputError: () => {},
    });
  const context = () => new Context(program.opts<GlobalOptions>(), env);
  addTestnet(program, context);
  addNode(program, context);
  addKeys(program, context);
  addRecovery(program, context);
  addMoney(program, context);
  addPending(program, context);
  addRecords(program, context);
  addQueries(program, context);
  addWhy(program, context);
  addProofs(program, context);
  addSimulation(program, context);
  return program;
}

type MakeContext = () => Context;

function addTestnet(program: Command, context: MakeContext): void {
  const testnet = group(program, 'testnet', 'a whole network of real nodes on this machine');
  testnet
    .command('start')
    .description('start it, or go on with it, and watch it; Ctrl-C stops all nodes')
    .option('--nodes <n>', 'how many nodes (default: 5)')
    .option('--base-port <port>', 'first port, two a node; 0 takes any (default: 9470)')
    .option('--block-time <ms>', 'intended time between blocks (default: 2000)')
    .option('--fresh', 'begin anew: the old ledger and its keys are deleted')
    .option('--detach', 'return when all nodes agree on a block, and leave them running')
    .addHelpText(
      'after',
      examples('npm start', 'pier testnet start --nodes 3 --detach', 'npm start -- --fresh'),
    )
    .action(async (options) => (await import('./commands/testnet-start.ts')).run(context(), options));
  const nodes = () => import('./commands/testnet-nodes.ts');
  testnet
    .command('status')
    .description('each node: up or down, height, tip, peers')
    .action(async () => (await nodes()).status(context()));
  testnet
    .command('stop')
    .description('stop all its nodes; the ledger is kept')
    .action(async () => (await nodes()).stop(context()));
  testnet
    .command('kill')
    .argument('<index>', 'number of the node')
    .description('end a node with SIGKILL, as a crash would')
    .action(async (index) => (await nodes()).kill(context(), index));
  testnet
    .command('restart')
    .argument('<index>', 'number of the node')
    .description('start a node again, stopping it first if it runs')
    .action(async (index) => (await nodes()).restart(context(), index));
  testnet
    .command('add')
    .description('one more node: it fetches the ledger from the others')
    .action(async () => (await nodes()).add(context()));
  const split = () => import('./commands/testnet-split.ts');
  testnet
    .command('split')
    .argument('<groups...>', 'groups of nodes; those not named are one more group')
    .description('cut the links between groups of nodes')
    .addHelpText('after', examples('pier testnet split "1,2" "3,4,5"', 'pier testnet split 1'))
    .action(async (groups) => (await split()).split(context(), groups));
  testnet
    .command('lag')
    .argument('<index>', 'number of the node')
    .argument('<ms>', `milliseconds, 0 to ${LAG_MS_MAX}; 0 ends it`)
    .description('all that a node sends and gets takes so much longer: forks come by themselves')
    .addHelpText('after', examples('pier testnet lag 2 3000', 'pier testnet lag 2 0'))
    .action(async (index, ms) => (await import('./commands/testnet-lag.ts')).run(context(), index, ms));
  testnet
    .command('heal')
    .description('end splits and lags: all nodes link again, and the branch with the most work wins')
    .action(async () => (await split()).heal(context()));
}

function addNode(program: Command, context: MakeContext): void {
  const node = group(program, 'node', 'one node');
  node
    .command('rebuild')
    .description('make the database of a node that does not run anew from its block files, without any peer')
    .option('--data <folder>', 'where it keeps its ledger (default: $PIER_HOME/node)')
    .addHelpText('after', examples('pier node rebuild', 'pier node rebuild --data ~/.pier/testnet/node-2'))
    .action(async (options) => (await import('./commands/node-rebuild.ts')).run(context(), options));
  node
    .command('start')
    .description('run a node in the foreground; Ctrl-C stops it')
    .option('--data <folder>', 'where it keeps its ledger (default: $PIER_HOME/node)')
    .option('--genesis <file>', "the ledger's genesis.json (default: Pier's own network)")
    .option('--listen <host:port>', 'take links from other nodes here')
    .option('--rpc <host:port>', 'answer commands here (default: 127.0.0.1:9460)')
    .option('--peer <url>', 'ws:// address of another node; may be given several times', collect)
    .option('--mine <address>', 'mine, and send the rewards there; a name of a key is fine too')
    .option('--hashrate <n>', 'hashes a second at most (default: as many as one core can)')
    .option(
      '--allow-origin <origin>',
      'web pages from here may link to it; may be given several times',
      collect,
    )
    .option(
      '--allow-host <name>',
      'commands may reach it by this host name; may be given several times',
      collect,
    )
    .option('--no-scrub', 'do not look through old rows of the store while there is nothing else to do')
    .option('--accept-loss', 'go on without blocks that this folder had and that are lost')
    .addHelpText('after', examples('pier node start --peer ws://192.0.2.7:9461 --mine alice --hashrate 1000'))
    .action(async (options) => (await import('./commands/node-start.ts')).run(context(), options));
}

function addKeys(program: Command, context: MakeContext): void {
  const key = group(program, 'key', 'keys: what spends money');
  const keys = () => import('./commands/key.ts');
  secretOptions(key.command('new'))
    .argument('<name>', 'what to call it')
    .option('--words <count>', '12 or 24 recovery words (default: 24)')
    .description('make a key')
    .addHelpText('after', examples('pier key new alice'))
    .action(async (name, options) => (await keys()).create(context(), name, options));
  key
    .command('list')
    .description('all keys of the keyring')
    .action(async () => (await keys()).list(context()));
  key
    .command('show')
    .argument('<name>')
    .description('address and public key')
    .action(async (name) => (await keys()).show(context(), name));
  secretOptions(key.command('import'))
    .argument('<name>', 'what to call it')
    .option('--file <file>', 'read the words or the private key from there')
    .option('--address <address>', 'the account it is for, if that is older than the key')
    .description('take a key from its recovery words or its private key in hex')
    .addHelpText('after', examples('pier key import alice', 'pier key import alice --file words.txt'))
    .action(async (name, options) => (await keys()).importKey(context(), name, options));
  secretOptions(key.command('export'))
    .argument('<name>')
    .description('print the recovery words, or the private key: show them to nobody')
    .action(async (name, options) => (await keys()).exportKey(context(), name, options));
  addKeyLife(key, context);
}

function addMoney(program: Command, context: MakeContext): void {
  sendingOptions(program.command('send'))
    .argument('<from>', 'one of your keys')
    .argument('<to>', "a key's name or an address")
    .argument('<amount>', 'PIER, with up to six decimals')
    .option('--memo <text>', 'up to 256 bytes that all can read')
    .option('--wait', 'wait until it is in a block')
    .description('send money: signed here, then handed to a node')
    .addHelpText(
      'after',
      examples('pier send faucet alice 100 --wait', 'pier send alice bob 0.25 --memo lunch'),
    )
    .action(async (from, to, amount, options) =>
      (await import('./commands/send.ts')).run(context(), from, to, amount, options),
    );
  program
    .command('balance')
    .argument('<who>', "a key's name or an address")
    .description('what an account has')
    .action(async (who) => (await import('./commands/balance.ts')).run(context(), who));
  program
    .command('history')
    .argument('<who>', "a key's name or an address")
    .option('--limit <n>', 'how many (default: 20)')
    .option('--before <cursor>', 'earlier ones, as the page before says')
    .description('the mined transactions of an account, newest first')
    .action(async (who, options) => (await import('./commands/history.ts')).run(context(), who, options));
}

function addQueries(program: Command, context: MakeContext): void {
  program
    .command('status')
    .description("a node's view of the ledger")
    .action(async () => (await import('./commands/status.ts')).run(context()));
  program
    .command('block')
    .argument('<which>', 'height, id, or tip')
    .description('a block and its transactions')
    .action(async (which) => (await import('./commands/block.ts')).run(context(), which));
  program
    .command('tx')
    .argument('<id>', '64 hex digits')
    .description('what became of a transaction')
    .action(async (id) => (await import('./commands/tx.ts')).run(context(), id));
  program
    .command('mempool')
    .option('--limit <n>', 'how many to show (default: 20)')
    .description('what waits to be mined')
    .action(async (options) => (await import('./commands/mempool.ts')).run(context(), options));
  program
    .command('peers')
    .description('whom a node is linked to')
    .action(async () => (await import('./commands/peers.ts')).run(context()));
  program
    .command('forks')
    .description('the branches a node knows, and its reorganisations')
    .action(async () => (await import('./commands/forks.ts')).run(context()));
  program
    .command('watch')
    .description('blocks, reorganisations and transactions as they happen; with --json one document a line')
    .action(async () => (await import('./commands/watch.ts')).run(context()));
}

function addWhy(program: Command, context: MakeContext): void {
  const why = group(program, 'why', 'what a node saw of a transaction or of its tip, and when');
  const commands = () => import('./commands/why.ts');
  why
    .command('tx')
    .argument('<id>', '64 hex digits')
    .description('seen, mined, orphaned by a reorganisation, mined again, or dropped; or what it waits for')
    .addHelpText('after', examples('pier why tx ID', 'pier why tx ID --node http://127.0.0.1:9472'))
    .action(async (id) => (await commands()).whyTransaction(context(), id));
  why
    .command('tip')
    .description('why this block is the tip: its work, its rivals, the last reorganisation')
    .action(async () => (await commands()).whyTip(context()));
}

function addSimulation(program: Command, context: MakeContext): void {
  program
    .command('sim')
    .description('a whole network in virtual time, from a seed, with everything against it; tells what held')
    .option('--seed <n>', 'which world (default: any); the same seed is the same world')
    .option('--seeds <n>', 'so many worlds, from that seed on (default: 1)')
    .option('--nodes <n>', 'honest nodes, 2 or more (default: as the seed draws)')
    .option('--minutes <n>', 'virtual minutes with faults (default: 10)')
    .option('--faults <list>', 'faults and adversaries that may be drawn, or all, or none (default: all)')
    .option('--trace', 'tell on stderr what happens')
    .addHelpText('after', examples('pier sim --seed 7', 'pier sim --seed 7 --faults crash,cut,liar --trace'))
    .action(async (options) => (await import('./commands/sim.ts')).run(context(), options));
}

function group(program: Command, name: string, description: string): Command {
  return program.command(name).description(description);
}

function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}
