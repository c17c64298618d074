/**
 * Owns the ways in which whole files of a data folder come to harm: each file deleted, cut, zeroed, put back from an older
 * copy, or with a folder in its place; and folders that are gone, mixed or files. A table, for trials of real nodes.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export interface FileDamage {
  readonly name: string;
  /** Most that may be needed. `alone`: all is right again without a peer. `blocks`: blocks may have to come from a peer. `refusal`: or it says why not. */
  readonly most: 'alone' | 'blocks' | 'refusal';
  /** The node gets no `--genesis`. */
  readonly withoutGenesis?: true;
  harm(data: string): void;
}

/** Written anew at each start, or of no use to it. */
const PASSING = /^(?:node\.log.*|db\/LOG(?:\.old)?)$/;

/** All damages of a folder; `old` is the same folder at an earlier time. */
export function damagesOf(gold: string, old: string): FileDamage[] {
  const files = filesIn(gold).filter((file) => !PASSING.test(file));
  return [
    ...files.flatMap((file) => damagesOfFile(gold, old, file)),
    ...damagesOfFolders(old),
    ...damagesOfNotes(),
  ];
}

function damagesOfFile(gold: string, old: string, file: string): FileDamage[] {
  const { size } = statSync(join(gold, file));
  const most = mostOf(file);
  const damage = (what: string, harm: (path: string) => void): FileDamage => ({
    name: `${file} ${what}`,
    most,
    harm: (data) => harm(join(data, file)),
  });
  const cuts = [...new Set([0, size >> 1, Math.max(0, size - 1)])].filter((length) => length < size);
  const copy = join(old, file);
  return [
    damage('deleted', (path) => rmSync(path)),
    damage('is a folder', (path) => {
      rmSync(path);
      mkdirSync(path);
    }),
    ...cuts.map((length) => damage(`cut to ${length} of ${size}`, (path) => truncateSync(path, length))),
    ...(size === 0 ? [] : [damage('zeroed', (path) => writeFileSync(path, new Uint8Array(size)))]),
    ...(existsSync(copy) ? [damage('of an earlier time', (path) => cpSync(copy, path))] : []),
  ];
}

function mostOf(file: string): FileDamage['most'] {
  if (file.startsWith('db/') || file === 'chain/headers') return 'alone';
  return file.startsWith('chain/') ? 'blocks' : 'refusal';
}

function damagesOfFolders(old: string): FileDamage[] {
  const gone = (data: string, ...names: string[]): void => {
    for (const name of names) rmSync(join(data, name), { recursive: true, force: true });
  };
  const back = (data: string, name: string): void => {
    gone(data, name);
    cpSync(join(old, name), join(data, name), { recursive: true });
  };
  const empty = (data: string, name: string): void => {
    gone(data, name);
    mkdirSync(join(data, name));
  };
  const asFile = (data: string, name: string): void => {
    gone(data, name);
    writeFileSync(join(data, name), 'a file\n');
  };
  return [
    { name: 'db gone', most: 'alone', harm: (data) => gone(data, 'db') },
    { name: 'db and SENTINEL gone', most: 'alone', harm: (data) => gone(data, 'db', 'SENTINEL') },
    { name: 'db empty', most: 'alone', harm: (data) => empty(data, 'db') },
    { name: 'db of an earlier time', most: 'alone', harm: (data) => back(data, 'db') },
    { name: 'db a file', most: 'refusal', harm: (data) => asFile(data, 'db') },
    { name: 'chain gone', most: 'blocks', harm: (data) => gone(data, 'chain') },
    {
      name: 'chain empty',
      most: 'blocks',
      harm: (data) => empty(data, 'chain'),
    },
    { name: 'chain of an earlier time', most: 'blocks', harm: (data) => back(data, 'chain') },
    { name: 'chain a file', most: 'refusal', harm: (data) => asFile(data, 'chain') },
    { name: 'chain and db gone', most: 'blocks', harm: (data) => gone(data, 'chain', 'db') },
    {
      name: 'tables of an earlier time among those of now',
      most: 'alone',
      harm(data) {
        const tables = readdirSync(join(old, 'db')).filter((name) => /\.(?:ldb|log)$/.test(name));
        for (const name of tables) cpSync(join(old, 'db', name), join(data, 'db', name));
      },
    },
    {
      name: 'all tables gone',
      most: 'alone',
      harm(data) {
        for (const name of readdirSync(join(data, 'db')))
          if (name.endsWith('.ldb')) rmSync(join(data, 'db', name));
      },
    },
  ];
}

/** Of the small files beside chain and database, whether the folder has them or not. */
function damagesOfNotes(): FileDamage[] {
  const notes = [
    'reached.json',
    'lost.json',
    'aborts.json',
    'condition.json',
    'node.json',
    'cookie',
    'addresses',
  ];
  const most = 'refusal';
  return [
    ...notes.flatMap((file): FileDamage[] => [
      {
        name: `${file} is no text`,
        most,
        harm: (data) => writeFileSync(join(data, file), Uint8Array.of(0, 255, 7)),
      },
      {
        name: `${file} is a folder`,
        most,
        harm(data) {
          rmSync(join(data, file), { force: true });
          mkdirSync(join(data, file));
        },
      },
    ]),
    {
      name: 'identity is no text',
      most,
      harm: (data) => writeFileSync(join(data, 'identity'), Uint8Array.of(0, 255)),
    },
    { name: 'identity that others can read', most, harm: (data) => chmodSync(join(data, 'identity'), 0o644) },
    {
      name: 'genesis.json is no JSON',
      most,
      withoutGenesis: true,
      harm: (data) => writeFileSync(join(data, 'genesis.json'), '{'),
    },
    {
      name: 'genesis.json gone, none given',
      most,
      withoutGenesis: true,
      harm: (data) => rmSync(join(data, 'genesis.json')),
    },
    {
      name: 'genesis.json with another amount, none given',
      most,
      withoutGenesis: true,
      harm(data) {
        const path = join(data, 'genesis.json');
        const json = JSON.parse(readFileSync(path, 'utf8'));
        json.reward.maturity++;
        writeFileSync(path, JSON.stringify(json));
      },
    },
  ];
}

/** Files of a folder and those below, as paths within it. */
function filesIn(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) return filesIn(folder, path);
      // Locks are links and sockets.
      return entry.isFile() ? [path] : [];
    })
    .sort();
}
