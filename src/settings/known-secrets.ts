import { resolve } from 'node:path';
import { readTextFileSync } from './read-file.ts';

/** What is shorter is in no use as a secret, and would be cut out of ordinary words. */
const LEAST = 4;

/**
 * All that the variables hold as a secret, whether or not it can be used as one: nothing that is printed may repeat it,
 * in whatever variable it stands a second time.
 *
 * @param cwd the path in `GEWE_TOKEN_FILE` counts from here
 */
export function knownSecrets(env: NodeJS.ProcessEnv, cwd: string): string[] {
  const { GEWE_TOKEN = '', GEWE_TOKEN_FILE = '', OPS_TOKEN = '', GATEWAY_KEYS = '' } = env;
  const { STORE_URL = '' } = env;
  const file = readTextFileSync(resolve(cwd, GEWE_TOKEN_FILE));
  // Where there is no file, it may be the token that stands in place of its path.
  const ofFile = file.kind === 'text' ? file.text.split(/[\r\n]+/) : [GEWE_TOKEN_FILE];
  // An entry without a colon has no name: all of it may be the key.
  const keys = GATEWAY_KEYS.split(',').map((entry) => entry.slice(entry.indexOf(':') + 1));
  return [GEWE_TOKEN, OPS_TOKEN, ...passwordsIn(STORE_URL), ...ofFile, ...keys]
    .flatMap((secret) => [secret, bare(secret)])
    .map((secret) => secret.trim())
    .filter((secret) => secret.length >= LEAST);
}

/** Without what was written around it by mistake: quotes, `NAME=`. */
function bare(secret: string): string {
  return secret
    .trim()
    .replace(/^(?:export\s+)?\w+\s*=\s*(?!=)/, '')
    .replace(/^["'`]|["'`]$/g, '');
}

/** The password in a URL, as it stands there and as it is meant. What is no URL may be a password all the same. */
function passwordsIn(text: string): string[] {
  const [, written] = /^[a-z]+:\/\/[^/]*?:([^/]*)@/i.exec(text) ?? [];
  if (written === undefined) return [];
  try {
    return [written, decodeURIComponent(written)];
  } catch {
    return [written];
  }
}
