/** Owns a second network on this machine, for programs that are to come from elsewhere: made and removed here. Linux, as root. */
import { execFileSync } from 'node:child_process';

export class Namespace {
  readonly name = `pier-soak-${process.pid}`;
  /** Address of this side, for programs on the other. */
  readonly host = '10.213.77.1';

  /** Null where it can't be made. */
  static make(): Namespace | null {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
    const made = new Namespace();
    const link = `ps${process.pid}`;
    try {
      ip('netns', 'add', made.name);
      ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'inside', 'netns', made.name);
      ip('addr', 'add', `${made.host}/30`, 'dev', link);
      ip('link', 'set', link, 'up');
      made.#inside('ip', 'addr', 'add', '10.213.77.2/30', 'dev', 'inside');
      made.#inside('ip', 'link', 'set', 'inside', 'up');
      return made;
    } catch {
      made.remove();
      return null;
    }
  }

  /** The words that run a program there. */
  get prefix(): readonly string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  remove(): void {
    try {
      // Its end of the link goes with it, and so does ours.
      ip('netns', 'del', this.name);
    } catch {
      // Not made.
    }
  }

  #inside(...words: string[]): void {
    ip('netns', 'exec', this.name, ...words);
  }
}

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: 'ignore' });
}
