/** What operators see of identity providers: `/readyz`, the log, the clients file, a restart, `check --live`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { check } from '../../src/cli/check.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { httpCall } from '../support/http-client.ts';
import {
  answerJson,
  makeKey,
  startIdentityProvider,
  type IdentityProvider,
} from '../support/identity-provider.ts';
import { createLogTap, type LogTap } from '../support/log-tap.ts';
import { movableClock } from '../support/movable-clock.ts';
import { DEAD_BASE_URL, startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fakeIo } from '../unit/cli/io.ts';

const KEY = makeKey('ES256', 'first');
const UNREACHED = 'the keys of an issuer cannot be fetched';
const REACHED = 'the keys of an issuer are fetched again';

let provider: IdentityProvider;
let tap: LogTap;
const stops: (() => Promise<void>)[] = [];
beforeEach(async () => {
  provider = await startIdentityProvider([KEY]);
  tap = createLogTap();
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await provider.stop();
});

const clientsFile = (issuers: Readonly<Record<string, object>>) =>
  JSON.stringify({
    clients: { web: {} },
    issuers: Object.fromEntries(
      Object.entries(issuers).map(([name, entry]) => [
        name,
        { issuer: provider.url, audience: 'a', client: 'web', ...entry },
      ]),
    ),
  });

async function start(
  clients = clientsFile({ staff: {} }),
  env: Record<string, string> = {},
  clock = movableClock(),
): Promise<TestGateway> {
  const gateway = await startGateway({
    clients,
    env: { GEWE_BASE_URL: DEAD_BASE_URL, ...env },
    overrides: { clock, logTo: tap.logTo },
  });
  stops.push(() => gateway.stop());
  return gateway;
}

async function readiness({ url }: TestGateway) {
  const { status, json } = await httpCall(url, { method: 'GET', path: '/readyz' });
  return { status, warnings: (json()['warnings'] ?? []) as readonly string[] };
}

describe('/readyz', () => {
  test('warns of issuers without keys, and stays ready', async () => {
    await provider.stop();
    const gateway = await start(clientsFile({ staff: {}, partners: { audience: 'b' } }));
    expect(await readiness(gateway)).toEqual({
      status: 200,
      warnings: ['issuer-without-keys: staff', 'issuer-without-keys: partners'],
    });
  });

  test('warns of old keys while the provider is down, and no longer when it is back', async () => {
    const clock = movableClock();
    const gateway = await start(undefined, {}, clock);
    const isSaid = (warnings: readonly string[]) =>
      eventually(async () => {
        const found = await readiness(gateway);
        return JSON.stringify(found) === JSON.stringify({ status: 200, warnings });
      });
    expect(await isSaid([])).toBe(true);
    provider.behave(answerJson({}, 503));
    clock.advance(10 * 60_000);
    expect(await isSaid(['issuer-on-old-keys: staff'])).toBe(true);
    provider.behave(undefined);
    clock.advance(30_000);
    expect(await isSaid([])).toBe(true);
  });
});

describe('the log', () => {
  test('says why keys cannot be fetched, without the query of the URL, and when they can', async () => {
    const clock = movableClock();
    provider.behave(answerJson({}, 503));
    const jwksUrl = `${provider.url}/keys?secret=in-query`;
    await start(
      clientsFile({ staff: { jwksUrl }, partners: { jwksUrl, audience: 'b' } }),
      {},
      clock,
    );
    expect(JSON.parse(await tap.waitFor(UNREACHED))).toMatchObject({
      level: 'warn',
      issuers: ['staff', 'partners'],
      document: 'key set',
      url: `${provider.url}/keys`,
      why: 'HTTP status 503',
    });
    provider.behave(undefined);
    clock.advance(30_000);
    expect(JSON.parse(await tap.waitFor(REACHED))).toMatchObject({
      issuers: ['staff', 'partners'],
    });
    expect(tap.lines.join('\n')).not.toContain('in-query');
  });

  test('names the issuer that a discovery document has instead', async () => {
    provider.issuer = `${provider.url}/`;
    await start();
    expect(JSON.parse(await tap.waitFor(UNREACHED))).toMatchObject({
      document: 'discovery document',
      why: 'it names another issuer',
      otherIssuer: `${provider.url}/`,
    });
  });
});

test('a change of the clients file is taken over: a new issuer’s keys are fetched', async () => {
  const other = await startIdentityProvider([KEY]);
  stops.push(() => other.stop());
  const gateway = await start(clientsFile({}).replace('"web":{}', ''));
  await writeFile(
    join(gateway.folder, 'clients.yaml'),
    clientsFile({ staff: { issuer: other.url } }),
  );
  await other.waitForFetches(1);
  await tap.waitFor('the clients file was taken over');
  expect(await eventually(async () => (await readiness(gateway)).warnings.length === 0)).toBe(true);

  await writeFile(join(gateway.folder, 'clients.yaml'), '{ "clients": { "web": {} } }');
  await tap.waitFor('clients.web.keys');
  expect(provider.asked).toEqual([]);
});

test('keys outlive a restart in the store', async () => {
  const folder = await temporaryFolder();
  stops.push(() => folder.remove());
  const env = { STORE_URL: `sqlite:${join(folder.path, 'gateway.db')}` };
  const first = await start(undefined, env);
  await provider.waitForFetches(1);
  expect(await eventually(async () => (await readiness(first)).warnings.length === 0)).toBe(true);
  await first.stop();
  stops.pop();
  await provider.stop();
  const second = await start(undefined, env);
  await tap.waitFor(UNREACHED);
  expect((await readiness(second)).warnings).toEqual(['issuer-on-old-keys: staff']);
});

test('a gateway that stops ends a fetch under way', async () => {
  provider.behave(() => undefined);
  const gateway = await start();
  await provider.waitForFetches(1);
  stops.pop();
  await gateway.stop();
  expect(await eventually(async () => (await provider.connections()) === 0)).toBe(true);
  // It was ended, and did not run out of time.
  gateway.gateway.flushLog();
  expect(tap.lines.join('\n')).not.toContain(UNREACHED);
});

describe('check --live', () => {
  interface Finding {
    readonly what: string;
    readonly ok: boolean;
    readonly detail: string;
  }

  async function live(issuer: object): Promise<Finding | undefined> {
    const folder = await temporaryFolder();
    stops.push(() => folder.remove());
    const path = join(folder.path, 'clients.yaml');
    await writeFile(path, clientsFile({ staff: issuer }));
    const { io, printed } = fakeIo(folder.path, {
      GEWE_BASE_URL: DEAD_BASE_URL,
      GEWE_TOKEN: TOKEN,
      GATEWAY_CLIENTS: path,
      PORT: '0',
      OPS_PORT: '0',
      STORE_URL: 'memory:',
    });
    await check(['--live', '--json'], io);
    const report = JSON.parse(printed.stdout) as { live: Finding[] };
    return report.live.find(({ what }) => what === 'issuers.staff');
  }

  test('fetches the discovery document and the keys of an issuer', async () => {
    expect(await live({})).toEqual({
      what: 'issuers.staff',
      ok: true,
      detail:
        'its discovery document names the same issuer, and its key set has one key that can be used.',
    });
    const { ok, detail } = (await live({ jwksUrl: `${provider.url}/keys` })) ?? {};
    expect([ok, detail]).toEqual([true, expect.stringContaining('was not compared')]);
  });

  test('says that the provider’s own name has a slash more, or one less', async () => {
    provider.issuer = `${provider.url}/`;
    const more = await live({});
    expect(more).toMatchObject({ ok: false });
    expect(more?.detail).toBe(
      `the setting is ${provider.url}, but the provider calls itself ${provider.url}/. The two differ only in the slash at the end, which counts. Set issuer to exactly what the provider says.`,
    );
    provider.issuer = provider.url;
    const less = await live({ issuer: `${provider.url}/` });
    expect(less?.detail).toContain(
      `calls itself ${provider.url}. The two differ only in the slash`,
    );
  });

  test('says that the provider has another name, without repeating what is no URL', async () => {
    provider.issuer = 'https://login.example.com';
    expect((await live({}))?.detail).toContain(
      'the provider calls itself https://login.example.com. Set issuer',
    );
    provider.issuer = '\u001b[31mred';
    expect((await live({}))?.detail).toContain('calls itself something that is not a URL. Set');
  });

  test('says that keys cannot be fetched, and why', async () => {
    provider.behave(answerJson({}, 404));
    expect(await live({})).toMatchObject({
      ok: false,
      detail: expect.stringContaining(
        `the key set at ${provider.url}/keys cannot be used: HTTP status 404.`,
      ),
    });
    expect(await live({ issuer: `http://127.0.0.1:${await freePort()}` })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('no connection, or one that broke (ECONNREFUSED)'),
    });
  });

  test('says that a key set has no key that can be used', async () => {
    provider.behave(
      answerJson({
        keys: [
          { kty: 'oct', k: 'AA' },
          { ...KEY.jwk, use: 'enc' },
        ],
      }),
    );
    expect(await live({})).toMatchObject({
      ok: false,
      detail: expect.stringContaining('has no key that the gateway can use'),
    });
  });
});
