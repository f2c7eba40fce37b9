/** A secret in the wrong variable: neither `check` nor `start` prints it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { check } from '../../src/cli/check.ts';
import { VARIABLE_NAMES } from '../../src/settings/env.ts';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { budget } from '../support/budget.ts';
import { runGateway } from '../support/gateway-process.ts';
import { tells } from '../support/secret-search.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fakeIo } from '../unit/cli/io.ts';

const MARKER = 'Tok-4f9d1c7e5b2a';
/** A secret with characters that cannot be in the name of a host or a file. */
const STRANGE = 'Tok/4f9d"1c%7e5b&2a';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder.path, 'token'), `${MARKER}\n`);
  await writeFile(join(folder.path, 'written-as-env'), `export GEWE_TOKEN='${MARKER}'\n`);
  await writeFile(join(folder.path, 'two-tokens'), `${MARKER}\n${STRANGE}\n`);
});
afterAll(() => folder.remove());

const COMPLETE = {
  GEWE_BASE_URL: 'http://127.0.0.1:2531/v2/api',
  GEWE_TOKEN: 'another-token-4711',
  GATEWAY_KEYS: 'crm:key-of-crm',
};

/** Where the real secret is besides the misplaced copies: nowhere, or in its own variable. */
const HOMES: readonly Readonly<Record<string, string | undefined>>[] = [
  {},
  { GEWE_TOKEN: MARKER },
  { GEWE_TOKEN: undefined, GEWE_TOKEN_FILE: 'token' },
  { GEWE_TOKEN: undefined, GEWE_TOKEN_FILE: 'two-tokens' },
  { GEWE_TOKEN: undefined, GEWE_TOKEN_FILE: MARKER },
  { OPS_TOKEN: MARKER },
  { GATEWAY_KEYS: `crm:${MARKER}` },
  { GEWE_TOKEN: `"${MARKER}"` },
  { GEWE_TOKEN: `GEWE_TOKEN=${MARKER}` },
  { GEWE_TOKEN: undefined, GEWE_TOKEN_FILE: 'written-as-env' },
  { GATEWAY_KEYS: `crm:key-of-crm,${MARKER}` },
];

/** Well-formed values, which could be printed: the secret in them is redacted if it is known. */
const SHAPES: readonly (readonly [name: string, shape: (secret: string) => string])[] = [
  ['GEWE_BASE_URL', (secret) => `http://${secret}/v2/api`],
  ['GEWE_BASE_URL', (secret) => `http://127.0.0.1/${encodeURIComponent(secret)}/v2/api`],
  ['GEWE_BASE_URL', (secret) => `http://user:${secret}@127.0.0.1/v2/api`],
  ['STORE_URL', (secret) => `sqlite:data/${secret}.db`],
  ['STORE_URL', (secret) => `redis://:${secret}@127.0.0.1`],
  ['GATEWAY_KEYS', (secret) => `${secret}:crm`],
  ['GATEWAY_KEYS', (secret) => `${secret}:a b`],
  ['GATEWAY_KEYS', (secret) => `crm:a b,${secret}:${secret}`],
  ['GATEWAY_CONFIG', (secret) => `${secret}/gateway.yaml`],
  ['GATEWAY_CLIENTS', (secret) => `${secret}/clients.yaml`],
];

/** What `check` prints, for people and for programs. */
async function output(
  env: Record<string, string | undefined>,
  options: readonly string[] = [],
): Promise<string> {
  const { io, printed } = fakeIo(folder.path, env);
  expect([0, 78]).toContain(await check(options, io));
  expect([0, 78]).toContain(await check([...options, '--json'], io));
  expect(printed.stdout + printed.stderr).not.toBe('');
  return printed.stdout + printed.stderr;
}

test.each([MARKER, STRANGE])(
  'check does not print a secret that is the value of any one variable: %s',
  async (secret) => {
    for (const home of HOMES) {
      for (const name of VARIABLE_NAMES) {
        const printed = await output({ ...COMPLETE, ...home, [name]: secret });
        expect([name, home, tells(printed, secret) && printed]).toEqual([name, home, false]);
      }
    }
  },
);

test('check redacts the secret of one variable in the well-formed value of another, also in lower case', async () => {
  for (const home of HOMES.slice(1)) {
    for (const [name, shape] of SHAPES) {
      const printed = await output({ ...COMPLETE, [name]: shape(MARKER), ...home });
      const told = [MARKER, MARKER.toLowerCase()].filter((secret) => tells(printed, secret));

      expect([name, home, told]).toEqual([name, home, []]);
    }
  }
});

test('check does not print a secret that is in several variables, in any form', async () => {
  const values = fc.constantFrom(MARKER, ...SHAPES.map(([, shape]) => shape(MARKER)));
  const astray = fc.dictionary(fc.constantFrom(...VARIABLE_NAMES), values, { minKeys: 1 });
  await fc.assert(
    fc.asyncProperty(astray, fc.constantFrom(...HOMES.slice(1)), async (given, home) => {
      expect(tells(await output({ ...COMPLETE, ...given, ...home }), MARKER)).toBe(false);
    }),
    { numRuns: budget(100, 10_000) },
  );
});

test('check does not print an unknown secret that is a valid store path or host name', async () => {
  for (const astray of [{ STORE_URL: `sqlite:${MARKER}` }, { HOST: MARKER }]) {
    expect(tells(await output({ ...COMPLETE, ...astray }), MARKER)).toBe(false);
  }
});

test('with every variable set to a secret, check and start report the problems without printing it', async () => {
  const env = Object.fromEntries(VARIABLE_NAMES.map((name) => [name, MARKER]));

  for (const command of ['check', 'start']) {
    const gateway = runGateway([command], { cwd: folder.path, env });

    expect(await gateway.ended).toEqual({ code: 78, signal: null });
    for (const name of ['GEWE_BASE_URL', 'GEWE_TOKEN', 'PORT', 'GATEWAY_KEYS', 'GATEWAY_CONFIG']) {
      expect(gateway.output()).toContain(name);
    }
    expect(tells(gateway.output(), MARKER)).toBe(false);
  }
});

test.each([
  ['a host that it cannot listen on', { HOST: MARKER }, 1, 'the name in HOST is not known'],
  ['a store that it cannot open', { STORE_URL: `sqlite:token/${MARKER}` }, 78, 'STORE_URL: '],
])('start with the token in %s fails without printing it', async (_what, astray, code, said) => {
  const gateway = runGateway(['start'], {
    cwd: folder.path,
    env: { ...COMPLETE, GEWE_TOKEN: MARKER, PORT: '0', OPS_PORT: '0', ...astray },
  });

  expect((await gateway.ended).code).toBe(code);
  expect(gateway.output()).toContain(said);
  expect(tells(gateway.output(), MARKER)).toBe(false);
});

test('check --live, with a secret in each place that fails, does not print it', async () => {
  const simulator = createSimulator({ token: 'another' });
  const { baseUrl } = await simulator.start();
  const env = {
    ...COMPLETE,
    GEWE_BASE_URL: baseUrl,
    GEWE_TOKEN: MARKER,
    OPS_TOKEN: MARKER.slice(4),
  };
  for (const astray of [
    {},
    { GEWE_BASE_URL: `http://${MARKER}.invalid/v2/api` },
    { GEWE_BASE_URL: `${baseUrl}/${MARKER}` },
    { HOST: `${MARKER}.invalid` },
    { STORE_URL: `sqlite:token/${MARKER}` },
    { STORE_URL: `sqlite:${MARKER}/${MARKER}.db` },
    { STORE_URL: `redis://:${MARKER}@127.0.0.1:1` },
  ]) {
    const printed = await output({ ...env, PORT: '0', OPS_PORT: '0', ...astray }, ['--live']);
    expect(printed).toContain('FAILED');
    expect([astray, tells(printed, MARKER) && printed]).toEqual([astray, false]);
  }
  simulator.behave('*', { echoToken: true });
  simulator.setToken(MARKER);
  expect(tells(await output({ ...env, PORT: '0', OPS_PORT: '0' }, ['--live']), MARKER)).toBe(false);
  await simulator.stop();
});
