/** Bodies of addContacts, as fast-check makes them up: in every spelling that JSON has, and in some that it has not. */
import fc from 'fast-check';

/** A member as it is written. */
interface Member {
  readonly key: string;
  readonly value: string;
}

/** One string in any of its spellings. */
export function spelled(text: string): fc.Arbitrary<string> {
  const characters = [...text];
  const styles = fc.array(fc.constantFrom('plain', 'lower', 'upper'), {
    minLength: characters.length,
    maxLength: characters.length,
  });
  return styles.map(
    (all) => `"${characters.map((one, i) => spelledCharacter(one, all[i])).join('')}"`,
  );
}

function spelledCharacter(character: string, style: string | undefined): string {
  // A lone surrogate has no other spelling: UTF-8 knows none.
  if (style === 'plain' && character.isWellFormed()) return JSON.stringify(character).slice(1, -1);
  const units = character.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'));
  return units.map((hex) => `\\u${style === 'upper' ? hex.toUpperCase() : hex}`).join('');
}

const space = fc.constantFrom('', '', ' ', '\n', '\t\r\n ');

/** An object of these members, in any order and with any white space. */
function object(members: readonly Member[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.shuffledSubarray([...members], { minLength: members.length }), space, space, space)
    .map(([all, a, b, c]) => {
      const text = all.map(({ key, value }) => `${a}${key}${b}:${c}${value}${b}`).join(',');
      return `${c}{${text}}${a}`;
    });
}

/** Values that readers stumble over, none of which decides anything where it stands. */
const hardValue = fc.oneof(
  fc.constantFrom('1e400', '-0', '-1E-400', `2${'0'.repeat(400)}`, '"\\ud800"', '"\\u0000"', '""'),
  fc.constantFrom(
    '{"appId":"wx_b","option":2,"v3":"v3_other"}',
    '[[{"option":2},{"option":3}]]',
    '"{\\"appId\\":\\"wx_b\\",\\"option\\":2}"',
    '{"__proto__":{"option":2}}',
  ),
  fc.json(),
);

const harmlessKey = fc.constantFrom(
  ...['content', 'scene', 'v4', 'options', 'appIds', '__proto__', 'constructor', 'toString'],
  ...['', 'data', '名', '\ud800', 'content\0'],
);

export interface Request {
  readonly appId: string;
  readonly option: '2' | '3' | '4';
  readonly v3: string;
}

/** A request for one of these accounts, and bytes that every reader takes for it. */
export function wellSpelled(
  accounts: readonly string[],
): fc.Arbitrary<{ readonly request: Request; readonly bytes: Buffer }> {
  const request = fc.record({
    appId: fc.constantFrom(...accounts),
    option: fc.constantFrom('2', '3', '4'),
    v3: fc
      .string({ unit: 'grapheme-ascii', minLength: 1 })
      .map((text) => `v3_${text.replaceAll(' ', '')}`),
  });
  const others = fc.uniqueArray(fc.tuple(harmlessKey, hardValue), { selector: ([key]) => key });
  return fc.tuple(request, others, fc.boolean()).chain(([wanted, rest, asText]) => {
    const deciding = fc.tuple(
      member('appId', spelled(wanted.appId)),
      member('option', asText ? spelled(wanted.option) : fc.constant(wanted.option)),
      member('v3', spelled(wanted.v3)),
    );
    const harmless = fc.tuple(...rest.map(([key, value]) => member(key, fc.constant(value))));
    return fc
      .tuple(deciding, harmless)
      .chain((members) => object(members.flat()))
      .map((text) => ({ request: wanted, bytes: Buffer.from(text) }));
  });
}

function member(key: string, value: fc.Arbitrary<string>): fc.Arbitrary<Member> {
  return fc.record({ key: spelled(key), value });
}

/** Ways to write a key that decides which some reader takes for it, and some which none does. */
function lookalike(key: string): fc.Arbitrary<string> {
  const last = key.slice(0, -1);
  return fc.constantFrom(
    ...[key, key, key, key.toUpperCase(), key.replace('i', 'ı'), key.replace('i', 'İ')],
    ...[`${key[0]}_${key.slice(1)}`, `${key[0]}-${key.slice(1)}`, `${key} `, `\u200b${key}`],
    ...[`${key}\0`, `${key}\0x`, `\0${key}`, `${key}\ud800`, `${key}\u0301`, `data.${key}`],
    ...[`${last}${String.fromCodePoint(key.charCodeAt(last.length) + 0xfee0)}`, `x${key}`, last],
  );
}

const oddOption = fc.constantFrom(
  ...['2', '3', '4', '"2"', '"3"', '"4"', '2.0', '2e0', '20e-1', '2.9999999999999999999', '-0'],
  ...['"02"', '"+2"', '" 2"', '"２"', '"2\\u0000"', '"\\u0032"', '1e400', `2${'0'.repeat(400)}`],
  ...['true', 'null', '[2]', '{"$numberInt":"2"}', '{"valueOf":2}', '"2.0"', '002', '+2', '0x2'],
);

const oddText = (values: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(...values).chain(spelled),
    fc.constantFrom(...values).map((value) => `["${value}"]`),
    fc.constantFrom(
      'null',
      '7',
      '"\\ud800"',
      '"v3_\\u0000"',
      '"v3_a\u0301"',
      '"v3_á"',
      '"v3_a\u200b"',
    ),
  );

/** Bytes that some reader may take for a request, perhaps none for the one that another does. */
export function hostile(accounts: readonly string[]): fc.Arbitrary<Buffer> {
  const deciding = fc.oneof(
    lookalike('appId').chain((key) => member(key, oddText(accounts))),
    lookalike('option').chain((key) => member(key, oddOption)),
    lookalike('v3').chain((key) => member(key, oddText(['v3_ann', 'v3_bob']))),
  );
  const base = fc.tuple(
    member('appId', fc.constantFrom(...accounts).chain(spelled)),
    member('option', fc.constantFrom('2', '3', '4', '"2"')),
    member('v3', spelled('v3_ann')),
  );
  const others = fc.array(
    fc.oneof(
      deciding,
      harmlessKey.chain((key) => member(key, hardValue)),
    ),
    { maxLength: 3 },
  );
  return fc
    .tuple(base, others, fc.subarray([0, 1, 2], { minLength: 1 }), damage)
    .chain(([three, more, kept, damaged]) =>
      object([...kept.flatMap((i) => three[i] ?? []), ...more]).map(damaged),
    );
}

/** What happens to a body on the way from text to bytes: mostly nothing. */
const damage: fc.Arbitrary<(text: string) => Buffer> = fc.oneof(
  { weight: 4, arbitrary: fc.constant((text: string) => Buffer.from(text)) },
  fc.constantFrom(
    (text: string) => Buffer.from(`\ufeff${text}`),
    (text: string) => Buffer.from(text, 'utf16le'),
    (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le'),
    (text: string) => Buffer.from(text, 'utf16le').swap16(),
    (text: string) => Buffer.from(text.replace(/}\s*$/, ',}')),
    (text: string) => Buffer.from(text.replace(/}\s*$/, ',"option":2}')),
    (text: string) => Buffer.from(text.replace(',', ',/*"option":2,*/')),
    (text: string) => Buffer.from(text.replace(',', ',//\n')),
    (text: string) => Buffer.from(`${text}\n#`),
    (text: string) => Buffer.from(`${text}${text}`),
    (text: string) => Buffer.from(text.replace(':', ':NaN,"x":')),
    (text: string) => Buffer.from(text.replace(':', ':-Infinity,"x":')),
    (text: string) => Buffer.from(text.replaceAll('"', "'")),
    (text: string) => Buffer.from(text.replaceAll('":', ':').replaceAll('{"', '{')),
  ),
  // Any byte in any place, and what stood there gone, kept, or all that follows gone.
  fc
    .tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom(
        [0],
        [0xc0, 0xa2],
        [0xc1, 0xa1],
        [0xed, 0xa0, 0x80],
        [0xff],
        [0x22],
        [0x5c],
        [],
      ),
      fc.constantFrom(0, 1, Infinity),
    )
    .map(([where, inserted, dropped]) => (text: string) => {
      const bytes = Buffer.from(text);
      const at = Math.floor(where * bytes.length);
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(inserted),
        bytes.subarray(at + dropped),
      ]);
    }),
);
