import { readFileSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';

/** What was found where a file should be. */
export type FileLook =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Settings are small; whatever is larger was named by mistake. In bytes. */
const SIZE_LIMIT = 1024 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A pipe or device is refused before it is opened: reading one can wait for ever, and it cannot be read again. */
function refuse(stats: Stats): FileLook | undefined {
  if (!stats.isFile()) return { kind: 'unreadable', why: 'it is not a regular file' };
  if (stats.size > SIZE_LIMIT) return { kind: 'unreadable', why: 'it is larger than 1 MiB' };
  return undefined;
}

function decode(bytes: Buffer): FileLook {
  try {
    return { kind: 'text', text: utf8.decode(bytes) };
  } catch {
    return { kind: 'unreadable', why: 'it is not UTF-8' };
  }
}

function explain(error: unknown): FileLook {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
  return { kind: 'unreadable', why: `it cannot be read (${code ?? 'unknown reason'})` };
}

/** Reads a small text file, UTF-8 with or without a byte order mark. Follows symlinks; never throws. */
export function readTextFileSync(path: string): FileLook {
  try {
    return refuse(statSync(path)) ?? decode(readFileSync(path));
  } catch (error) {
    return explain(error);
  }
}

/** As `readTextFileSync`, without blocking. Never rejects. */
export async function readTextFile(path: string): Promise<FileLook> {
  try {
    return refuse(await stat(path)) ?? decode(await readFile(path));
  } catch (error) {
    return explain(error);
  }
}

/** Whether two looks found the same. */
export function sameLook(one: FileLook, other: FileLook): boolean {
  if (one.kind === 'text') return other.kind === 'text' && one.text === other.text;
  if (one.kind === 'unreadable') return other.kind === 'unreadable' && one.why === other.why;
  return other.kind === 'missing';
}

/** Why there is no text, as the end of a sentence about the file. */
export function whyNoText(look: Exclude<FileLook, { kind: 'text' }>): string {
  return look.kind === 'missing' ? 'there is no such file' : look.why;
}
