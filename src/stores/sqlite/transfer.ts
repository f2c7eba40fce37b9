import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

import { quotasBlockedUntil } from '../../add-contacts/after-restore.ts';
import { systemClock } from '../../time.ts';
import { StoreOpenError } from '../stores.ts';
import type { CopySource, CopyTarget, ReadableStore, Records, Section } from '../transfer.ts';
import { COPIED_TABLES } from './copied-tables.ts';
import { openDatabase, type OpenDatabase } from './database.ts';
import { inspectFile } from './file.ts';
import { restoredAt } from './meta.ts';
import { inTransaction } from './transaction.ts';
import { createPartial, publish, refuseExisting, removePartial } from './whole-file.ts';

/** A batch ends with the first record that reaches one of these. */
const BATCH_RECORDS = 500;
const BATCH_BYTES = 4 * 1024 * 1024;

/** The file at `path`. Gateways cannot open it meanwhile. Its schema is brought up to date, as by a gateway that starts. */
export async function openSource(path: string): Promise<CopySource> {
  if (!existsSync(path)) {
    throw new StoreOpenError(path, 'there is no such file', 'Name the file of a gateway');
  }
  const { db, close } = openDatabase(path);
  const at = restoredAt(db, systemClock.now());
  return {
    ...readable(db),
    gapUntil: at === undefined ? undefined : quotasBlockedUntil(at),
    // It is locked.
    checkUnused: async () => undefined,
    close: async () => close(),
  };
}

/** A new file at `path`, which appears there when the copy is complete. */
export async function openTarget(path: string): Promise<CopyTarget> {
  refuseExisting(path);
  // The log of a file that is gone would be applied to this one.
  inspectFile(path);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const partial = createPartial(path);
  const { db, close } = openPartial(partial);
  const writers = new Map<Section, (record: never) => void>();

  return {
    ...readable(db),
    async write(section, records) {
      const write = writers.get(section) ?? COPIED_TABLES[section].writer(db);
      writers.set(section, write);
      // It is on disk at the end. Until then the file is not used.
      inTransaction(db, () => records.forEach((record) => write(record as never)), 'NORMAL');
      return records.length;
    },
    async finish() {
      close();
      publish(partial, path);
    },
    async close() {
      close();
      removePartial(partial);
    },
  };
}

function openPartial(partial: string): OpenDatabase {
  try {
    return openDatabase(partial);
  } catch (error) {
    removePartial(partial);
    throw error;
  }
}

function readable(db: DatabaseSync): ReadableStore {
  return {
    now: () => systemClock.now(),
    async *read<S extends Section>(section: S) {
      const { select, recordOf } = COPIED_TABLES[section];
      let [batch, bytes]: [Records[S][], number] = [[], 0];
      for (const row of db.prepare(select).iterate()) {
        const record = recordOf(row);
        batch.push(record);
        bytes += 'body' in record ? record.body.length : 0;
        if (batch.length < BATCH_RECORDS && bytes < BATCH_BYTES) continue;
        yield batch;
        [batch, bytes] = [[], 0];
      }
      if (batch.length > 0) yield batch;
    },
  };
}
