// A shelf for incoming files that outlives the page it belongs to, as a browser's disk does.

import { MemorySink } from '../../../web/call/files/shelf.js';

export class FakeShelf {
  /** By id: what it is, how far it came, the bytes. */
  files = new Map();

  async open(folder, record) {
    const file = this.files.get(record.id) ?? { record, progress: null, check: null, sink: new MemorySink(), folder };
    this.files.set(record.id, file);
    const { sink } = file;
    return {
      progress: file.progress,
      sink: {
        keeps: false,
        write: (bytes, at) => sink.write(bytes.slice(), at), // a disk has its own copy
        note: (progress) => { file.progress = progress; },
        finish: async (check) => {
          file.check = check;
          file.blob = await sink.finish();
          return file.blob;
        },
        drop: async () => { this.files.delete(record.id); },
      },
    };
  }

  async kept(folder) {
    return [...this.files.values()].filter((file) => file.folder === folder)
      .map(({ record, progress, check, blob }) => ({ record, at: progress?.at ?? 0, check, file: blob ?? null }));
  }

  async remove(folder, id) {
    this.files.delete(id);
  }
}
