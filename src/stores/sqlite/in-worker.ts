/** Work on a whole database that takes seconds, in a separate thread, so that the terminal can show its progress. */
import { DatabaseSync } from 'node:sqlite';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

type Task =
  /** Writes a copy of the database at `from` into the empty file `to`. Gateways can go on writing meanwhile. */
  | { readonly kind: 'vacuum-into'; readonly from: string; readonly to: string }
  /** Reads every page. Throws if the database is damaged. */
  | { readonly kind: 'check'; readonly path: string };

/** How long it waits for a lock of another process, milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

/** Resolves when the task is done; rejects with the error of SQLite. */
export function inWorker(task: Task): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // This same file, so that it is found in the compiled program too.
  const worker = new Worker(new URL(import.meta.url), { workerData: { databaseTask: task } });
  worker.on('error', reject);
  worker.on('exit', () => resolve());
  return promise;
}

function carryOut(task: Task): void {
  const db = new DatabaseSync(task.kind === 'check' ? task.path : task.from);
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    if (task.kind === 'vacuum-into') {
      db.prepare('VACUUM INTO ?').run(task.to);
      return;
    }
    const found = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (found !== 'ok')
      throw new Error(`the database is damaged (${String(found).replace(/\s+/g, ' ')})`);
  } finally {
    db.close();
  }
}

if (!isMainThread) {
  const { databaseTask } = (workerData ?? {}) as { readonly databaseTask?: Task };
  if (databaseTask !== undefined) carryOut(databaseTask);
}
