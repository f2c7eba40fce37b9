import type { z } from 'zod';

/** Something in the settings that keeps the gateway from starting. None of its texts holds a secret. */
export interface Problem {
  /** The variable, or the file and the place in it. */
  readonly setting: string;
  readonly problem: string;
  /** What to do about it. */
  readonly remedy: string;
}

/**
 * A name out of a file or variable as it may be shown. Anything that does not look like a name could be a secret
 * that slipped into the wrong place, so it is not repeated.
 */
export function showName(name: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,31}$|^__proto__$/.test(name) ? name : '(a name not shown)';
}

/** Where in a file: `['add', 'perDay', 1, 'limit']` as `add.perDay[1].limit`. */
function showPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${showName(String(part))}`))
    .join('')
    .replace(/^\./, '');
}

/**
 * What zod found in a file, one problem per place. Received values are never repeated: a clients file may hold a
 * key where its hash should be.
 *
 * @param file as people know it, `config/gateway.yaml`
 * @param example the file of the package that shows how it is done
 */
export function problemsIn(file: string, error: z.ZodError, example: string): Problem[] {
  const found = new Map<string, Problem>();
  const add = (path: readonly PropertyKey[], problem: string, remedy: string) => {
    const place = showPath(path);
    const setting = place === '' ? file : `${file}: ${place}`;
    found.set(`${setting} ${problem}`, { setting, problem, remedy });
  };
  for (const issue of error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const remedy = `Correct its spelling or its indentation, or remove it; ${example} shows every setting.`;
        add([...issue.path, key], 'is not a known setting', remedy);
      }
      continue;
    }
    const message =
      issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    add(
      issue.path,
      message.replace(/^Invalid (input|option): expected/, 'should be'),
      `Correct it in ${file}; ${example} shows how it is written.`,
    );
  }
  return [...found.values()];
}
