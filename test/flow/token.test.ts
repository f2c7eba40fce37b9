import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { createLogTap, type LogTap } from '../support/log-tap.ts';
import { rawPost, rawRequest } from '../support/raw-client.ts';
import { KEY, startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NEW_TOKEN = 'tok-0a1b2c3d4e5f';

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

interface WithFile extends TestGateway {
  readonly file: string;
  readonly tap: LogTap;
}

/** A gateway whose token is in a file, in front of a simulator that accepts that token. */
async function startWithFile(prepare?: (folder: string) => Promise<string>): Promise<WithFile> {
  const folder = await temporaryFolder();
  endings.push(() => folder.remove());
  const file = prepare === undefined ? join(folder.path, 'token') : await prepare(folder.path);
  if (prepare === undefined) await writeFile(file, `${TOKEN}\n`);
  const tap = createLogTap();
  const gateway = await startGateway({
    env: { GEWE_TOKEN: undefined, GEWE_TOKEN_FILE: file },
    overrides: { logTo: tap.logTo },
  });
  endings.push(() => gateway.stop());
  return { ...gateway, file, tap };
}

async function start(env: Record<string, string> = {}): Promise<WithFile> {
  const tap = createLogTap();
  const gateway = await startGateway({ env, overrides: { logTo: tap.logTo } });
  endings.push(() => gateway.stop());
  return { ...gateway, file: '', tap };
}

const tokensSeen = (simulator: Simulator) =>
  simulator.calls.map(({ headers }) => headers['x-gewe-token']);

const readyz = (url: string) => httpCall(url, { method: 'GET', path: '/readyz' });

/** Every spelling of the token. */
function expectNoToken(text: string, token = TOKEN): void {
  expect(text).not.toContain(token);
  expect(decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, ''))).not.toContain(token);
  const unescaped = text.replace(/\\u([0-9a-f]{4})/gi, (_all, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  expect(unescaped).not.toContain(token);
}

const percent = (text: string) =>
  [...text].map((one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`).join('');
const escaped = (text: string) =>
  [...text].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

describe('the token', () => {
  test('is sent to the upstream from the environment and from a file', async () => {
    for (const gateway of [await start(), await startWithFile()]) {
      await gateway.post('search', { appId: 'wx_1' }).expect(200, /"ret":200/);

      expect(tokensSeen(gateway.simulator)).toEqual([TOKEN]);
    }
  });

  test.each(['search', 'addContacts', 'fetchContactsList'])(
    'replaces every X-GEWE-TOKEN that the caller of %s sends, in any case',
    async (operation) => {
      const gateway = await start();
      const headers = [
        'Content-Type: application/json',
        `Authorization: Bearer ${KEY}`,
        'X-GEWE-TOKEN: one',
        'x-gewe-token: two',
        'x-GeWe-ToKeN: three',
      ];

      const request = rawPost(`/contacts/${operation}`, headers, '{"appId":"wx_1","option":4}');
      expect((await rawRequest(gateway.url, request)).status).toBe(200);

      const { rawHeaders } = gateway.simulator.calls[0] ?? { rawHeaders: [] };
      const under = rawHeaders.flatMap((name, index) =>
        index % 2 === 0 && /^x.gewe.token$/i.test(name) ? [rawHeaders[index + 1]] : [],
      );
      expect(under).toEqual([TOKEN]);
      expect(JSON.stringify(rawHeaders)).not.toMatch(/one|two|three/);
    },
  );

  test.each([
    ['as it is', TOKEN],
    ['URL-encoded in full', percent(TOKEN)],
    ['URL-encoded in lower case', percent(TOKEN).toLowerCase()],
    ['URL-encoded in part', TOKEN.replaceAll('-', '%2D')],
    ['JSON-escaped in full', escaped(TOKEN)],
    ['JSON-escaped in part', TOKEN.replace('4', '\\u0034')],
    ['in a mixture', `${percent(TOKEN.slice(0, 4))}${escaped(TOKEN.slice(4, 8))}${TOKEN.slice(8)}`],
  ])('is redacted in a response that repeats it %s', async (_how, spelled) => {
    const gateway = await start();
    const body = (token: string) => `{"ret":200, "msg":"前${token}后","id":9007199254740993}`;
    gateway.simulator.behave('*', {
      raw: {
        body: body(spelled),
        contentType: `application/json; x="${spelled.replaceAll('\\', '')}"`,
        headers: { 'x-echo': TOKEN, location: TOKEN },
      },
    });

    for (const operation of ['search', 'addContacts', 'fetchContactsList']) {
      const answer = await httpCall(gateway.url, {
        path: `/contacts/${operation}`,
        headers: GOOD_HEADERS,
        body: '{"appId":"wx_1","option":4}',
      });

      expect([operation, answer.body.toString()]).toEqual([operation, body('***')]);
      expectNoToken(JSON.stringify(answer.rawHeaders));
    }
  });

  test('is redacted in a list that echoes it: live, saved and compressed', async () => {
    const gateway = await start();
    gateway.simulator.behave('*', { echoToken: true });

    const live = await gateway.post('fetchContactsList', { appId: 'wx_1' });
    const saved = await gateway.post(
      'fetchContactsList',
      { appId: 'wx_1' },
      { 'Cache-Control': 'only-if-cached', 'Accept-Encoding': 'gzip' },
    );

    for (const answer of [live, saved]) {
      expect([answer.status, answer.body.msg]).toEqual([200, '操作成功 token=***']);
      expectNoToken(JSON.stringify([answer.text, answer.headers]));
    }
    expect(saved.headers['x-gateway-source']).toBe('saved');
  });

  test('is in no log line at level trace, whatever the outcome of calls', async () => {
    const gateway = await start({
      GEWE_TIMEOUT_MS: '300',
      LIST_DEADLINE_MS: '300',
      LIST_CACHE_DEADLINE_MS: '300',
    });
    const { simulator } = gateway;
    for (const behaviour of [
      {},
      { echoToken: true },
      { html: TOKEN },
      { reset: true },
      { hang: true },
      { redirectTo: `http://127.0.0.1:9/${TOKEN}` },
      { raw: { body: `{"x":"${TOKEN}` } },
    ]) {
      simulator.behave('*', behaviour);
      for (const operation of ['search', 'addContacts', 'fetchContactsList']) {
        await gateway.post(operation, { appId: 'wx_1', option: 4 }, { 'X-Request-Id': TOKEN });
      }
    }
    simulator.reset();
    simulator.setToken('another');
    await gateway.post('search', { appId: 'wx_1' });
    await gateway.post('search', { appId: 'wx_1' }, { Authorization: `Bearer ${TOKEN}` });

    expect(gateway.tap.lines.length).toBeGreaterThan(20);
    expectNoToken(gateway.tap.lines.join(''));
  });

  test('is not a client key: a caller that sends it is refused, and the refusal does not contain it', async () => {
    const gateway = await start();

    for (const header of ['X-GEWE-TOKEN', 'X-API-Key']) {
      const answer = await httpCall(gateway.url, {
        path: '/contacts/search',
        headers: { 'Content-Type': 'application/json', [header]: TOKEN },
        body: '{"appId":"wx_1"}',
      });

      expect(answer.json()['code']).toBe('unauthenticated');
      expectNoToken(answer.body.toString() + JSON.stringify(answer.headers));
    }
    expect(gateway.simulator.calls).toEqual([]);
  });
});

describe('a token that the upstream rejects', () => {
  test.each(['search', 'addContacts', 'fetchContactsList', 'fetchContactsListCache'])(
    'is a refusal to the caller of %s after exactly one call, without the token',
    async (operation) => {
      const gateway = await start();
      gateway.simulator.setToken('another');

      const answer = await gateway.post(operation, { appId: 'wx_1', option: 4 });

      const { status, body } = answer;
      expect([status, body.code, body.ret]).toEqual([502, 'upstream-token-rejected', 502]);
      expectNoToken(answer.text + JSON.stringify(answer.headers));
      expect(gateway.simulator.calls).toHaveLength(1);
    },
  );

  test('makes /readyz 503 on both listeners and is logged, until a call succeeds', async () => {
    const gateway = await start();
    gateway.simulator.setToken('another');
    await gateway.post('search', { appId: 'wx_1' });

    for (const url of [gateway.url, gateway.opsUrl]) {
      const answer = await readyz(url);
      expect([answer.status, answer.json()['notReady']]).toEqual([503, ['token']]);
      expectNoToken(answer.body.toString());
    }
    const line = await gateway.tap.waitFor('the upstream rejects the token');
    expect(JSON.parse(line)).toMatchObject({ level: 'error' });

    gateway.simulator.setToken(TOKEN);
    await gateway.post('search', { appId: 'wx_1' }).expect(200);

    expect((await readyz(gateway.url)).status).toBe(200);
  });

  test('is not tried again if its file is unchanged', async () => {
    const gateway = await startWithFile();
    gateway.simulator.setToken('another');

    const answer = await gateway.post('search', { appId: 'wx_1' });

    expect([answer.status, answer.body.code]).toEqual([502, 'upstream-token-rejected']);
    expect(tokensSeen(gateway.simulator)).toEqual([TOKEN]);
  });

  test.each(['search', 'addContacts', 'fetchContactsList'])(
    'is replaced at once if its file has changed: the caller of %s gets a success',
    async (operation) => {
      const gateway = await startWithFile();
      gateway.simulator.setToken(NEW_TOKEN);
      await writeFile(gateway.file, NEW_TOKEN);

      const answer = await gateway.post(operation, { appId: 'wx_1', option: 4 });

      expect([answer.status, answer.body.ret]).toEqual([200, 200]);
      // The watch on the file can be faster than this call.
      expect(tokensSeen(gateway.simulator).at(-1)).toBe(NEW_TOKEN);
      expect(gateway.simulator.calls.length).toBeLessThanOrEqual(2);
      expect((await readyz(gateway.url)).status).toBe(200);
    },
  );

  test('is replaced if its file changes during the call, which is repeated once with the same body', async () => {
    const gateway = await startWithFile();
    gateway.simulator.behave('*', { times: 1, delayMs: 300 });
    const asking = gateway.post('search', { appId: 'wx_1' }).then((answer) => answer);
    // GEWE checks the token when it gets the call, so the new one must be valid by then.
    gateway.simulator.setToken(NEW_TOKEN);
    await gateway.simulator.waitForCall(() => true);
    await writeFile(gateway.file, NEW_TOKEN);

    const answer = await asking;

    expect([answer.status, answer.body.ret]).toEqual([200, 200]);
    expect(tokensSeen(gateway.simulator)).toEqual([TOKEN, NEW_TOKEN]);
    const [first, second] = gateway.simulator.calls;
    expect(second?.body).toEqual(first?.body);
  });

  test('is tried no more than twice if the new token in its file is rejected too', async () => {
    const gateway = await startWithFile();
    gateway.simulator.behave('*', { times: 1, delayMs: 300 });
    gateway.simulator.setToken('a-third');
    const asking = gateway.post('search', { appId: 'wx_1' }).then((answer) => answer);
    await gateway.simulator.waitForCall(() => true);
    await writeFile(gateway.file, NEW_TOKEN);

    const answer = await asking;

    expect([answer.status, answer.body.code]).toEqual([502, 'upstream-token-rejected']);
    expect(tokensSeen(gateway.simulator)).toEqual([TOKEN, NEW_TOKEN]);
    for (const token of [TOKEN, NEW_TOKEN]) expectNoToken(answer.text, token);
  });
});

describe('a change of the token file', () => {
  test('takes effect without a restart, and a running call finishes with the old token', async () => {
    const gateway = await startWithFile();
    gateway.simulator.behave('wx_slow', { delayMs: 1500, echoToken: true });
    const slow = gateway.post('search', { appId: 'wx_slow' }).then((answer) => answer);
    await gateway.simulator.waitForCall(() => true);

    await writeFile(gateway.file, NEW_TOKEN);
    await gateway.tap.waitFor('a new token is in force');
    gateway.simulator.setToken(NEW_TOKEN);
    await gateway.post('search', { appId: 'wx_1' }).expect(200, /"ret":200/);

    expect(tokensSeen(gateway.simulator)).toEqual([TOKEN, NEW_TOKEN]);
    const answer = await slow;
    expect([answer.status, answer.body.msg]).toEqual([200, '操作成功 token=***']);
    for (const token of [TOKEN, NEW_TOKEN]) expectNoToken(gateway.tap.lines.join(''), token);
  });

  test('through a symlink swap, as for mounted secrets, takes effect', async () => {
    const gateway = await startWithFile(async (folder) => {
      await mkdir(join(folder, '..1'));
      await writeFile(join(folder, '..1', 'token'), TOKEN);
      await symlink('..1', join(folder, '..data'));
      await symlink(join('..data', 'token'), join(folder, 'token'));
      return join(folder, 'token');
    });
    const folder = join(gateway.file, '..');

    await mkdir(join(folder, '..2'));
    await writeFile(join(folder, '..2', 'token'), NEW_TOKEN);
    await symlink('..2', join(folder, '..new'));
    await rename(join(folder, '..new'), join(folder, '..data'));
    await gateway.tap.waitFor('a new token is in force');

    gateway.simulator.setToken(NEW_TOKEN);
    await gateway.post('search', { appId: 'wx_1' }).expect(200, /"ret":200/);
    expect(tokensSeen(gateway.simulator)).toEqual([NEW_TOKEN]);
  });

  test.each(['', 'changeme', 'two\nlines', 'not ascii 名', '${TOKEN}'])(
    'to %j keeps the old token and is logged',
    async (broken) => {
      const gateway = await startWithFile();

      await writeFile(gateway.file, broken);
      await gateway.tap.waitFor('the token in force stays');

      await gateway.post('search', { appId: 'wx_1' }).expect(200, /"ret":200/);
      expect(tokensSeen(gateway.simulator)).toEqual([TOKEN]);
    },
  );

  test('by deletion keeps the old token; when the file comes back, its new token takes effect', async () => {
    const gateway = await startWithFile();

    await rm(gateway.file);
    await gateway.tap.waitFor('the token in force stays');
    await gateway.post('search', { appId: 'wx_1' }).expect(200, /"ret":200/);
    await writeFile(gateway.file, NEW_TOKEN);
    await gateway.tap.waitFor('a new token is in force');
    gateway.simulator.setToken(NEW_TOKEN);
    await gateway.post('search', { appId: 'wx_1' }).expect(200, /"ret":200/);

    expect(tokensSeen(gateway.simulator)).toEqual([TOKEN, NEW_TOKEN]);
  });
});

test('a foreign Host header does not send the token elsewhere than to GEWE_BASE_URL', async () => {
  const elsewhere = createSimulator({ token: TOKEN });
  const { baseUrl } = await elsewhere.start();
  endings.push(() => elsewhere.stop());
  const gateway = await start();
  const { host } = new URL(baseUrl);

  const request = rawPost(
    '/contacts/search',
    [...Object.entries(GOOD_HEADERS).map(([name, value]) => `${name}: ${value}`)],
    '{"appId":"wx_1"}',
  ).replace('Host: gateway.test', `Host: ${host}`);
  const answer = await rawRequest(gateway.url, request);

  expect(answer.status).toBe(200);
  expect(gateway.simulator.calls).toHaveLength(1);
  expect(elsewhere.calls).toEqual([]);
});
