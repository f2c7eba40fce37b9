import { createTokenSource, type TokenEvents, type TokenSource } from '../gewe/token.ts';
import { readTextFile, readTextFileSync, whyNoText, type FileLook } from './read-file.ts';
import { parseToken } from './secrets.ts';
import type { Secrets } from './settings.ts';
import { watchFile } from './watch.ts';

/**
 * The token from where the settings say. A file is watched: a change is in force within a second, also when a
 * mounted secret's symlink is swapped.
 */
export function openTokenSource(
  source: Secrets['token'],
  events: TokenEvents,
): TokenSource & { stop(): void } {
  if ('value' in source) {
    return { ...createTokenSource(source.value, undefined, events), stop: () => undefined };
  }
  const { file } = source;
  const known = readTextFileSync(file);
  const tokens = createTokenSource(
    tokenIn(known),
    async () => tokenIn(await readTextFile(file)),
    events,
  );
  const watch = watchFile(file, () => void tokens.refresh(tokens.current()), { known });
  return { ...tokens, stop: () => watch.stop() };
}

/** Throws with what is wrong, without the text itself. */
function tokenIn(look: FileLook): string {
  if (look.kind !== 'text') throw new Error(whyNoText(look));
  const parsed = parseToken(look.text);
  if ('problem' in parsed) throw new Error(`its token ${parsed.problem}`);
  return parsed.token;
}
