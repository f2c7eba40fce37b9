import { realpathSync, statSync } from 'node:fs';

/**
 * Remembers the files of an open database. SQLite goes on writing into files that were deleted or replaced, and
 * nobody would find that again: https://www.sqlite.org/howtocorrupt.html#unlink_or_rename_a_database_file_while_in_use
 *
 * @returns A look that throws where they are not the ones under their names any more.
 */
export function rememberPlace(path: string): () => void {
  // Behind a symlink, the log stands beside the file itself.
  const names = [path, `${realpathSync(path)}-wal`];
  const opened = names.map(identityOf);
  return () => {
    const missing = names.find((name, i) => identityOf(name) !== opened[i]);
    if (missing === undefined) return;
    throw new Error(
      `${missing} was deleted or replaced while in use. Move the same file back, or restart the gateway`,
    );
  };
}

function identityOf(name: string): string {
  const found = statSync(name, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? 'none' : `${found.dev}:${found.ino}`;
}
