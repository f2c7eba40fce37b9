/**
 * An upstream that echoes the token, as GEWE does in errors: no caller, log line or file gets it, and no caller can
 * have it stored.
 */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { TRUSTING_WITHOUT_GAPS } from '../support/add-contacts.ts';
import {
  PLACES,
  startEchoingUpstream,
  type Echo,
  type EchoingUpstream,
} from './echoing-upstream.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { createLogTap, type LogTap } from '../support/log-tap.ts';
import { rawPost, readableExchange } from '../support/raw-client.ts';
import { tells } from '../support/secret-search.ts';
import { KEY, startGateway, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TOKEN = 'Mk7f3b1c2d45e6f4a7b8c9d';
const GOOD: Echo = {
  place: 'body',
  write: (text) => text,
  ret: 200,
  compression: 'none',
  chunks: [3, 50],
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let upstream: EchoingUpstream;
let gateway: TestGateway;
let tap: LogTap;

beforeEach(async () => {
  folder = await temporaryFolder();
  upstream = await startEchoingUpstream();
  tap = createLogTap();
});
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
  await folder.remove();
});

async function start(env: Record<string, string> = {}): Promise<void> {
  gateway = await startGateway({
    policy: TRUSTING_WITHOUT_GAPS,
    env: {
      GEWE_BASE_URL: upstream.baseUrl,
      GEWE_TOKEN: TOKEN,
      STORE_URL: `sqlite:${join(folder.path, 'gateway.db')}`,
      SHUTDOWN_GRACE_MS: '0',
      ...env,
    },
    overrides: { logTo: tap.logTo },
  });
}

/** For an upstream that never answers. No test needs another response within these deadlines. */
const HASTY = { GEWE_TIMEOUT_MS: '200', LIST_DEADLINE_MS: '100', LIST_CACHE_DEADLINE_MS: '100' };
/** For a fetchContactsList that is never answered. */
const HASTY_LIST = { LIST_DEADLINE_MS: '100' };

const deadlinesFor = (place: Echo['place']) => {
  if (place === 'cached-list') return HASTY_LIST;
  return place === 'never' ? HASTY : {};
};

test.each(PLACES)(
  'a token that GEWE echoes as a %s reaches no caller and no log line',
  async (place) => {
    await start(deadlinesFor(place));
    for (const operation of ['search', 'addContacts', 'fetchContactsList']) {
      const appId = `wx_${operation}`;
      upstream.behave(appId, { ...GOOD, place });
      const lines = ['Content-Type: application/json', `Authorization: Bearer ${KEY}`];
      const body = JSON.stringify({ appId, option: 2, v3: 'v3_ann' });
      const answer = await readableExchange(
        gateway.url,
        rawPost(`/contacts/${operation}`, lines, body),
      );

      expect(answer).toMatch(/^HTTP\/1\.1 (?:200|50[24]) /);
      expect(tells(answer, TOKEN)).toBe(false);
    }
    expect(tells(tap.lines.join(''), TOKEN)).toBe(false);
    expect(upstream.elsewhere).toEqual([]);
  },
);

test.each([
  ['live', 'fetchContactsList', GOOD, {}],
  ['saved', 'fetchContactsList', GOOD, { 'Cache-Control': 'only-if-cached' }],
  ['gewe-cache', 'fetchContactsList', { ...GOOD, place: 'cached-list' }, {}],
  ['replayed', 'addContacts', GOOD, { 'Idempotency-Key': 'once' }],
  ['passed on', 'search', GOOD, {}],
] as const)(
  'a token that GEWE echoes is redacted in a response that is %s',
  async (how, operation, echo, headers) => {
    await start(deadlinesFor(echo.place));
    upstream.behave('wx_1', echo);
    const ask = (more: Readonly<Record<string, string>>) =>
      httpCall(gateway.url, {
        path: `/contacts/${operation}`,
        headers: { ...GOOD_HEADERS, ...more },
        body: '{"appId":"wx_1","option":2,"v3":"v3_ann"}',
      });

    if (how === 'saved' || how === 'replayed') await ask(how === 'replayed' ? headers : {});
    const answer = await ask(headers);

    const replayed = answer.headers['idempotency-replayed'] === 'true' ? 'replayed' : 'passed on';
    expect(answer.headers['x-gateway-source'] ?? replayed).toBe(how);
    expect(answer.json()['msg']).toContain('***');
    expect(tells(answer.body.toString(), TOKEN)).toBe(false);
  },
);

test.each([TOKEN, `wx_${TOKEN}`, TOKEN.slice(0, 9) + ':' + TOKEN])(
  'an appId that contains the token is refused before it is stored or logged: %s',
  async (appId) => {
    await start();
    upstream.behave(appId, GOOD);
    for (const operation of ['search', 'addContacts', 'fetchContactsList', 'somethingNew']) {
      const escaped = `\\u00${appId.charCodeAt(0).toString(16)}${appId.slice(1)}`;
      for (const written of [appId, escaped]) {
        const body = `{"appId":"${written}","option":2,"v3":"v3_ann"}`;
        const answer = await gateway.post(operation, body);

        expect([answer.status, answer.body.code]).toEqual([400, 'invalid-app-id']);
        expect(tells(answer.text, TOKEN)).toBe(false);
      }
    }
    expect(upstream.heads).toEqual([]);
    const declared = await httpCall(gateway.opsUrl, {
      method: 'PUT',
      path: `/admin/accounts/${encodeURIComponent(appId)}`,
      headers: { 'Content-Type': 'application/json', Origin: gateway.opsUrl },
      body: '{"onlineSince":"2026-01-01T00:00:00Z"}',
    });
    expect([declared.status, declared.json()['code']]).toEqual([400, 'invalid-app-id']);
    const accounts = await httpCall(gateway.opsUrl, { method: 'GET', path: '/admin/accounts' });
    expect(accounts.json()).toEqual({ accounts: [], next: null });
    const files = await readdir(folder.path);
    for (const name of files) {
      expect((await readFile(join(folder.path, name))).includes(TOKEN)).toBe(false);
    }
  },
);
