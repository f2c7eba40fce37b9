import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { StoreOpenError } from '../stores.ts';
import { inspectFile } from './file.ts';
import { MIGRATIONS, schemaVersion } from './migrations.ts';
import { asStoreOpenError } from './open-failure.ts';

/** How long a command waits for the gateway to finish a write, milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * A second connection to the file of a gateway, which may be running: for a command that changes a few rows. Throws a
 * StoreOpenError if there is no such file, or if a gateway of another version wrote it.
 */
export function openBeside(path: string): DatabaseSync {
  if (!existsSync(path)) {
    throw new StoreOpenError(
      path,
      'there is no such file',
      'Start the gateway once, or see STORE_URL',
    );
  }
  let db: DatabaseSync | undefined;
  try {
    inspectFile(path);
    db = new DatabaseSync(path);
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    const version = schemaVersion(db);
    if (version === MIGRATIONS.length) return db;
    throw new StoreOpenError(
      path,
      `its schema has version ${version}, and this command writes version ${MIGRATIONS.length}`,
      'Start the gateway of this version once',
    );
  } catch (error) {
    db?.close();
    throw asStoreOpenError(path, error);
  }
}
