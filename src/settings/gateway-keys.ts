import { showName, type Problem } from './problem.ts';
import { isQuoted, secretProblem } from './secrets.ts';
import type { Secrets } from './settings.ts';

/** How a client may be called, in the clients file and in `GATEWAY_KEYS`. */
export const CLIENT_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** What is wrong with a client's name, and what one looks like. */
export const CLIENT_NAME_RULE =
  'a client is named by 1 to 64 of A-Z a-z 0-9 _ . -, the first a letter or digit';

/**
 * `GATEWAY_KEYS`: `name:key,name:key`, where a key is everything after its first colon. Names that stand twice are
 * left to the check over all clients. `program` is the command that runs this program here. Problems name entries by their number, since a key may stand where a name should.
 */
export function parseGatewayKeys(
  text: string | undefined,
  program: string,
): {
  readonly keys: Secrets['keys'];
  readonly problems: readonly Problem[];
} {
  const keys: { name: string; key: string }[] = [];
  const problems: Problem[] = [];
  const report = (number: number, problem: string, remedy: string) =>
    problems.push({ setting: 'GATEWAY_KEYS', problem: `entry ${number} ${problem}`, remedy });

  for (const [index, entry] of (text === undefined ? [] : text.split(',')).entries()) {
    const trimmed = entry.trim();
    const colon = trimmed.indexOf(':');
    const name = trimmed.slice(0, Math.max(colon, 0));
    const key = trimmed.slice(colon + 1);
    const wrongKey = secretProblem(key);
    if (trimmed === '') {
      report(index + 1, 'is empty', 'Remove the comma that is too many.');
    } else if (isQuoted(trimmed)) {
      report(index + 1, 'begins or ends with a quote', 'Take the quotes away.');
    } else if (colon < 0) {
      report(index + 1, 'has no colon', 'Write it as name:key.');
    } else if (!CLIENT_NAME.test(name)) {
      report(index + 1, `has a name that cannot be used: ${CLIENT_NAME_RULE}`, 'Rename it.');
    } else if (wrongKey !== undefined) {
      const remedy = `Give it a long random key, for example from \`${program} keys new NAME\`.`;
      report(index + 1, `(${showName(name)}) has a key that ${wrongKey}`, remedy);
    } else {
      keys.push({ name, key });
    }
  }
  return { keys, problems };
}
