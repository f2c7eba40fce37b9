/** The number of layers of escapes to resolve: one more than the gateway does. */
const LAYERS = 5;

const REFERENCES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

const character = (digits: string, base: number) => String.fromCodePoint(parseInt(digits, base));

/** Resolves one layer of every escape. */
function resolved(text: string): string {
  return text
    .replace(/%([0-9a-f]{2})/gi, (_all, digits: string) => character(digits, 16))
    .replace(/\\u([0-9a-f]{4})|\\x([0-9a-f]{2})/gi, (_all, four?: string, two?: string) =>
      character(four ?? two ?? '', 16),
    )
    .replace(/\\([\\"/])/g, '$1')
    .replace(/&#x([0-9a-f]{2});/gi, (_all, digits: string) => character(digits, 16))
    .replace(/&#(\d{2,3});/g, (_all, digits: string) => character(digits, 10))
    .replace(/&([a-z]+);/g, (all, name: string) => REFERENCES[name] ?? all);
}

/** Every part that could be base64 or hexadecimal, decoded from each position at which it could begin. */
function* decoded(text: string): Iterable<string> {
  for (const [run] of text.matchAll(/[\w+/-]{10,}/g)) {
    for (const skipped of [0, 1, 2, 3]) {
      yield Buffer.from(run.slice(skipped), 'base64').toString('latin1');
    }
    for (const skipped of [0, 1]) yield Buffer.from(run.slice(skipped), 'hex').toString('latin1');
  }
}

/**
 * Whether a thorough search finds nearly all of a secret. It shares nothing with `src/gewe`, so that both cannot forget
 * the same spelling.
 */
export function tells(text: string, secret: string): boolean {
  // In base64, the characters at both ends depend on the neighbours of the secret.
  const core = secret.slice(1, -1);
  for (let layer = text, count = 0; count <= LAYERS; count++) {
    if (layer.includes(core)) return true;
    for (const plain of decoded(layer)) {
      if (plain.includes(core) || resolved(plain).includes(core)) return true;
    }
    const next = resolved(layer);
    if (next === layer) return false;
    layer = next;
  }
  return false;
}
