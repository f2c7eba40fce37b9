import { StoreOpenError } from '../stores.ts';

/** Primary result codes, https://www.sqlite.org/rescode.html */
const SQLITE_ERROR = 1;
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

export function isBusy(error: unknown): boolean {
  return primaryCodeOf(error) === SQLITE_BUSY;
}

export function isFull(error: unknown): boolean {
  return primaryCodeOf(error) === SQLITE_FULL;
}

/** The upper bits only add detail. */
function primaryCodeOf(error: unknown): number {
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff;
}

/** An error of SQLite or the file system while `path` was opened, in words that an operator can act on. */
export function asStoreOpenError(path: string, error: unknown): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const { message } = error as Error;
  switch (primaryCodeOf(error)) {
    case SQLITE_BUSY:
      return new StoreOpenError(
        path,
        'another process holds its lock',
        'Stop that process; one gateway runs on one file',
        error,
      );
    case SQLITE_READONLY:
      return new StoreOpenError(
        path,
        'it cannot be written',
        'Let the user of the gateway write the file and its folder, on a disk that is not read-only',
        error,
      );
    case SQLITE_FULL:
      return new StoreOpenError(path, 'the disk is full', 'Free some space', error);
    // Our statements are correct, so an error in one means that the tables are not those of the file's version.
    case SQLITE_ERROR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return brokenFile(path, `the database is damaged (${message})`, error);
    default:
      return new StoreOpenError(
        path,
        message,
        'See that the path exists, that its disk is not read-only, and that the user of the gateway may read and write it',
        error,
      );
  }
}

/** The file is damaged, and SQLite cannot repair it. */
export function brokenFile(path: string, problem: string, cause?: unknown): StoreOpenError {
  return new StoreOpenError(
    path,
    problem,
    'Restore a copy; or move the file and its -wal away, and the gateway starts with nothing: no saved list, ' +
      'and no friend request remembered as charged',
    cause,
  );
}
