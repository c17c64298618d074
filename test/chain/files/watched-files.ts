/** Owns files in memory, each of which a test changes when it is opened or made. */
import { type MemoryFile, MemoryFiles } from '../../../chain/files/memory-files.ts';

export abstract class WatchedFiles extends MemoryFiles {
  /** Changes what the file does, and returns it. */
  protected abstract watch(file: MemoryFile): MemoryFile;

  override async open(name: string): Promise<MemoryFile | null> {
    const file = this.find(name);
    return file === null ? null : this.watch(file);
  }

  override async create(name: string): Promise<MemoryFile> {
    return this.watch(this.make(name));
  }
}
