import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of a program, or undefined if it is not on PATH. */
export function onPath(program: string): string | undefined {
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((dir) => join(dir, program));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
