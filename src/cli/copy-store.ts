import type { Io } from './io.ts';
/** `gewe-gateway copy-store FROM TO`: the exit code. */
export async function copyStore(_args: readonly string[], _io: Io): Promise<number> {
  return 1;
}
