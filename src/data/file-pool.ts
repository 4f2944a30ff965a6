// Files opened on demand and kept open for the next use.

/** Files kept open at a time. */
const mostOpen = 16;

/** Opens files by path. The idle one unused for longest is closed when there are too many. */
export class FilePool<File extends { close(): void | Promise<void> }> {
  private readonly files = new Map<string, { readonly file: Promise<File>; users: number }>();
  private readonly open: (path: string) => Promise<File>;

  constructor(open: (path: string) => Promise<File>) {
    this.open = open;
  }

  async use<T>(path: string, task: (file: File) => T | Promise<T>): Promise<T> {
    const entry = this.files.get(path) ?? { file: this.open(path), users: 0 };
    this.files.delete(path);
    this.files.set(path, entry);
    entry.users++;
    try {
      return await task(await entry.file);
    } finally {
      entry.users--;
      await this.trim();
    }
  }

  private async trim(): Promise<void> {
    for (const [path, { file, users }] of this.files) {
      const failed =
        users === 0 &&
        (await file.then(
          () => false,
          () => true,
        ));
      if (users > 0 || !(failed || this.files.size > mostOpen)) continue;
      this.files.delete(path);
      if (!failed) await (await file).close();
    }
  }

  async close(): Promise<void> {
    const entries = [...this.files.values()];
    this.files.clear();
    for (const { file } of entries) await (await file).close();
  }
}
