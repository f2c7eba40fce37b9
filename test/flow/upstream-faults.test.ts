/** Each upstream fault of test/flow/upstream/faults.ts: callers get what the contract says, and no resources leak. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addBody } from '../support/add-contacts.ts';
import { eventually } from '../support/eventually.ts';
import { FAULTS, type Fault, type Kind } from './upstream/faults.ts';
import { runGateway, type GatewayProcess } from '../support/gateway-process.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { ONLY_IF_CACHED } from '../support/lists.ts';
import { GOOD_LIST, startRawUpstream, type RawUpstream } from '../support/raw-upstream.ts';
import { TOKEN, LEAST_ENV } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The response to the caller of a forwarded operation, including fetchContactsListCache. */
const FORWARDED: Readonly<Record<Kind, string>> = {
  lost: '502 upstream-unreachable',
  invalid: '502 upstream-invalid',
  late: '504 upstream-timeout',
  'wrong status': '502 upstream-invalid',
  verdict: '200 passed on',
  'no list': '200 passed on',
  'no verdict': '200 passed on',
};

/** The same for addContacts, and the charge: an attempt that may have been carried out stays charged. */
const ADD: Readonly<Record<Kind, string>> = {
  lost: '502 upstream-unreachable, charged',
  invalid: '502 upstream-invalid, charged',
  late: '504 upstream-timeout, charged',
  'wrong status': '502 upstream-invalid, charged',
  verdict: '200 passed on, charged',
  'no list': '200 passed on, charged',
  'no verdict': '200 passed on, charged',
};

/** fetchContactsList without a saved list, if GEWE's cache endpoint fails the same way. */
const LIST_NOT_SAVED: Readonly<Record<Kind, string>> = {
  lost: '502 upstream-unreachable, Retry-After',
  invalid: '502 upstream-unreachable, Retry-After',
  late: '504 upstream-timeout, Retry-After',
  'wrong status': '502 upstream-invalid, Retry-After',
  verdict: '200 live',
  'no list': '200 live',
  'no verdict': '502 upstream-unreachable, Retry-After',
};

/** fetchContactsList with a saved list: only an error of the account is returned instead. */
const LIST_SAVED: Readonly<Record<Kind, string>> = {
  lost: '200 saved, the list of before',
  invalid: '200 saved, the list of before',
  late: '200 saved, the list of before',
  'wrong status': '200 saved, the list of before',
  verdict: '200 live',
  'no list': '200 saved, the list of before',
  'no verdict': '200 saved, the list of before',
};

/** The outcome for each kind of operation. No fault makes the gateway repeat a call. */
const expected = ({ kind }: Fault) => ({
  'an operation that is passed on': FORWARDED[kind],
  'fetchContactsListCache, asked by a caller': FORWARDED[kind],
  'addContacts of an old account': ADD[kind],
  'addContacts of an account never seen, whose question checkOnline fails':
    '429 account-too-young, not charged, not sent',
  'fetchContactsList with nothing saved': LIST_NOT_SAVED[kind],
  'fetchContactsList with a saved list': LIST_SAVED[kind],
  'the saved list afterwards': '200 saved, the list of before',
  'how often the upstream got search, fetchContactsListCache and addContacts': [1, 1, 1],
});

const TIMEOUT_MS = 5_000;
/** A list takes two deadlines; the rest is for a busy machine. */
const NOBODY_WAITS_LONGER_MS = 2 * TIMEOUT_MS + 60_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let upstream: RawUpstream;
let gateway: GatewayProcess;
let url: string;
let opsUrl: string;
let resourcesBefore: Readonly<Record<string, number>>;
/** Faults that hang run at the same time. */
const begun = new Map<Fault, ReturnType<typeof meet>>();

beforeAll(async () => {
  folder = await temporaryFolder();
  upstream = await startRawUpstream();
  const policy = join(folder.path, 'policy.yaml');
  // The breaker would answer callers before they meet the fault.
  await writeFile(policy, 'breaker: { failures: 1000000 }');
  gateway = runGateway(['start'], {
    cwd: folder.path,
    env: {
      ...LEAST_ENV,
      GEWE_BASE_URL: upstream.baseUrl,
      GATEWAY_CONFIG: policy,
      GEWE_TIMEOUT_MS: String(TIMEOUT_MS),
      LIST_DEADLINE_MS: String(TIMEOUT_MS),
      LIST_CACHE_DEADLINE_MS: String(TIMEOUT_MS),
      LIST_HARD_LIMIT_MS: String(TIMEOUT_MS + 500),
    },
  });
  ({ url, opsUrl } = await gateway.listening());
  resourcesBefore = await resources();
  for (const fault of FAULTS) {
    if (fault.kind === 'late') begun.set(fault, meet(fault));
  }
});
afterAll(async () => {
  gateway.kill('SIGKILL');
  await gateway.ended;
  await upstream.stop();
  await folder.remove();
});

/** Sends every kind of operation to a faulty upstream, each for its own account. */
async function meet(fault: Fault): Promise<Record<string, unknown>> {
  const accountOf = (what: string) => `${what}:${FAULTS.indexOf(fault)}`;
  const accounts = ['any', 'cache', 'old', 'new', 'none', 'saved'].map(accountOf);
  const [any = '', cache = '', old = '', unseen = '', none = '', saved = ''] = accounts;
  await declareOld(old);
  await ask('fetchContactsList', saved);
  for (const appId of accounts) upstream.behave(appId, fault.manner);

  const [ofAny, ofCache, ofOld, ofNew, ofNone, ofSaved] = await Promise.all([
    ask('search', any),
    ask('fetchContactsListCache', cache),
    ask('addContacts', old),
    ask('addContacts', unseen),
    ask('fetchContactsList', none),
    ask('fetchContactsList', saved),
  ]);
  const sent = (appId: string) => upstream.calls.filter((call) => call.appId === appId).length;
  const wasSent = ({ appId, operation }: { appId: string; operation: string }) =>
    appId === unseen && operation === 'contacts/addContacts';
  return {
    'an operation that is passed on': ofAny,
    'fetchContactsListCache, asked by a caller': ofCache,
    'addContacts of an old account': `${ofOld}, ${await charge(old)}`,
    'addContacts of an account never seen, whose question checkOnline fails':
      `${ofNew}, ${await charge(unseen)}` +
      (upstream.calls.some(wasSent) ? ', sent' : ', not sent'),
    'fetchContactsList with nothing saved': ofNone,
    'fetchContactsList with a saved list': ofSaved,
    'the saved list afterwards': await ask('fetchContactsList', saved, ONLY_IF_CACHED),
    'how often the upstream got search, fetchContactsListCache and addContacts': [
      sent(any),
      sent(cache),
      sent(old),
    ],
  };
}

/** One call, and its outcome in words. */
async function ask(operation: string, appId: string, headers = {}): Promise<string> {
  const answer = await httpCall(url, {
    path: `/contacts/${operation}`,
    headers: { ...GOOD_HEADERS, ...headers },
    body: JSON.stringify(addBody(appId)),
    signal: AbortSignal.timeout(NOBODY_WAITS_LONGER_MS),
  });
  const { 'x-gateway-source': source, 'retry-after': retryAfter } = answer.headers;
  if (source === 'saved') {
    const isTheSame = answer.body.equals(Buffer.from(GOOD_LIST));
    return `${answer.status} saved, ${isTheSame ? 'the list of before' : 'another list'}`;
  }
  if (answer.status === 200) return `200 ${String(source ?? 'passed on')}`;
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const waits = answer.status >= 500 && retryAfter !== undefined ? ', Retry-After' : '';
  return `${answer.status} ${String(answer.json()['code'])}${waits}`;
}

async function declareOld(appId: string): Promise<void> {
  const answer = await httpCall(opsUrl, {
    method: 'PUT',
    path: `/admin/accounts/${appId}`,
    headers: { 'Content-Type': 'application/json', Origin: opsUrl },
    body: '{"onlineSince":"2020-01-01T00:00:00Z"}',
  });
  if (answer.status !== 200) throw new Error(answer.body.toString());
}

/** The state of the account's quota per day. */
async function charge(appId: string): Promise<string> {
  const account = await httpCall(opsUrl, { method: 'GET', path: `/admin/accounts/${appId}` });
  const { quotas = [] } = account.json() as {
    quotas?: { name: string; limit: number; left: number }[];
  };
  const perDay = quotas.find(({ name }) => name === 'add-per-day');
  const times = perDay === undefined ? 0 : perDay.limit - perDay.left;
  return ['not charged', 'charged'][times] ?? `charged ${times} times`;
}

/** The active resources of the gateway's process, by kind. This request is one of them. */
async function resources(): Promise<Record<string, number>> {
  const metrics = await httpCall(opsUrl, { method: 'GET', path: '/metrics' });
  const line = /^gewe_gateway_nodejs_active_resources\{type="(\w+)"\} (\d+)$/gm;
  const lines = [...metrics.body.toString().matchAll(line)];
  return Object.fromEntries(lines.map(([, kind = '', count]) => [kind, Number(count)]));
}

describe('an upstream that', () => {
  test.each(FAULTS)(
    '$name has exactly the expected effect on each operation',
    async (fault) => {
      expect(await (begun.get(fault) ?? meet(fault))).toEqual(expected(fault));
    },
    600_000,
  );
});

test('after all faults, no socket and no timer is left', async () => {
  const busy = ['TCPSocketWrap', 'TCPConnectWrap', 'TLSWrap', 'Timeout', 'Immediate'];
  let leftOver: string[] = [];
  // Only the last reading counts: an earlier one could include its own connection, still closing.
  await eventually(async () => {
    const now = await resources();
    leftOver = busy.filter((kind) => (now[kind] ?? 0) > (resourcesBefore[kind] ?? 0));
    return leftOver.length === 0;
  });

  expect(leftOver).toEqual([]);
});

test('after all faults, the gateway ends with 0, without an unhandled rejection or internal error', async () => {
  // An unhandled rejection would have ended the process.
  gateway.kill('SIGTERM');

  expect(await gateway.ended).toEqual({ code: 0, signal: null });
  expect(gateway.output()).not.toMatch(/"internal"|unhandled|TypeError|AssertionError/i);
  expect(gateway.output()).not.toContain(TOKEN);
});
