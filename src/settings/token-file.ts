import { readTextFile, readTextFileSync, whyNoText, type FileLook } from './read-file.ts';
import { parseToken } from './secrets.ts';
import type { Secrets } from './settings.ts';
import { watchFile } from './watch.ts';

/** Where the upstream token comes from. */
export interface TokenPlace {
  /** The token at the start. */
  readonly first: string;
  /** Reads it again, and rejects with a public reason where there is no usable one. Undefined where it cannot change. */
  readonly read: (() => Promise<string>) | undefined;
  /** Tells within a second that the file has changed, also when a mounted secret's symlink was swapped. */
  watch(onChange: () => void): { stop(): void };
}

/** The variable, which stays, or the file, which may change. Throws where the file holds no usable token. */
export function openTokenPlace(source: Secrets['token']): TokenPlace {
  if ('value' in source) {
    return {
      first: source.value,
      read: undefined,
      watch: () => ({ stop: () => undefined }),
    };
  }
  const { file } = source;
  const known = readTextFileSync(file);
  return {
    first: tokenIn(known),
    read: async () => tokenIn(await readTextFile(file)),
    watch: (onChange) => watchFile(file, onChange, { known }),
  };
}

/** Throws with what is wrong, without the text itself. */
function tokenIn(look: FileLook): string {
  if (look.kind !== 'text') throw new Error(whyNoText(look));
  const parsed = parseToken(look.text);
  if ('problem' in parsed) throw new Error(`its token ${parsed.problem}`);
  return parsed.token;
}
