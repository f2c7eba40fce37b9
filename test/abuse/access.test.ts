/**
 * A client gets only what its entry in the clients file allows, whatever the path, prefix, headers and spelling, and
 * never from another client's saved list or running call. access/access-model.ts says what each request must get.
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RecordedCall } from '../../src/simulator/simulator.ts';
import {
  anyAttempt,
  APP_IDS,
  asksForSavedList,
  OPERATIONS,
  plainAttempt,
  requestOf,
  type Attempt,
} from './access/access-attempts.ts';
import { CLIENT_OF_KEY, CLIENTS, CLIENTS_FILE } from './access/access-clients.ts';
import { verdictOn } from './access/access-model.ts';
import { budget } from '../support/budget.ts';
import { heldUpstream, type HeldUpstream } from '../support/raw-upstream.ts';
import { askList, askTogether } from '../support/lists.ts';
import { type RawAnswer, rawRequest } from '../support/raw-client.ts';
import { startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';

/** Text that only responses about this account contain. It is long enough that a list is sent compressed. */
const markerOf = (appId: string) => `friend-of-<${appId}>`;
const listOf = (appId: string) =>
  JSON.stringify({
    ret: 200,
    data: { friends: Array(300).fill(markerOf(appId)), chatrooms: [], ghs: [] },
  });

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    clients: CLIENTS_FILE,
    policy: 'addContacts: { accountAge: { unknown: trust } }',
  });
  for (const appId of APP_IDS) {
    gateway.simulator.behave(appId, { raw: { body: listOf(appId) } });
    await askList(gateway, appId);
  }
});
afterAll(() => gateway.stop());

/** Sends the request and returns the response with the upstream calls that it caused. */
async function attemptIt(attempt: Attempt) {
  const { calls } = gateway.simulator;
  const last = calls.at(-1);
  const answer = await rawRequest(gateway.url, requestOf(attempt));
  // The call log drops its oldest entries, so the new calls are those after the last known one.
  return { answer, calls: calls.slice(last === undefined ? 0 : calls.lastIndexOf(last) + 1) };
}

function textOf({ headers, body }: RawAnswer): string {
  switch (headers.get('content-encoding')) {
    case 'br':
      return brotliDecompressSync(body).toString();
    case 'gzip':
      return gunzipSync(body).toString();
    case 'zstd':
      return zstdDecompressSync(body).toString();
    default:
      return body.toString();
  }
}

const markersIn = (text: string) => [...new Set(text.match(/friend-of-<[^>]*>/g))];

function expectRefused(answer: RawAnswer, code: string, calls: readonly RecordedCall[]): void {
  expect(calls).toEqual([]);
  // Bytes that are not HTTP are refused by the parser, without a code.
  if (code === 'not-found' && answer.status === 400 && answer.body.length === 0) return;
  const text = textOf(answer);
  expect(JSON.parse(text)).toMatchObject({ code, ret: expect.any(Number) });
  expect(markersIn(text)).toEqual([]);
}

/** The first responses kept for an Idempotency-Key, as client, account and key. */
const kept = new Set<string>();

function expectServed(attempt: Attempt, operation: string, client: string) {
  const { appId, idempotencyKey } = attempt;
  const scope = JSON.stringify([client, appId, idempotencyKey]);
  const isReplayed = operation === 'addContacts' && kept.has(scope);
  if (operation === 'addContacts' && idempotencyKey !== undefined) kept.add(scope);
  const isSaved = operation === 'fetchContactsList' && asksForSavedList(attempt);
  const sent = { path: `/v2/api/contacts/${operation}`, appId, token: TOKEN };
  return (answer: RawAnswer, calls: readonly RecordedCall[]) => {
    expect(
      calls.map(({ path, appId: about, headers }) => ({
        path,
        appId: about,
        token: headers['x-gewe-token'],
      })),
    ).toEqual(isReplayed || isSaved ? [] : [sent]);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('idempotency-replayed')).toBe(isReplayed ? 'true' : undefined);
    expect(markersIn(textOf(answer))).toEqual([markerOf(appId)]);
  };
}

/** Checks the gateway against the model, and returns the model's verdict. */
async function expectVerdict(attempt: Attempt): Promise<string> {
  const verdict = verdictOn(attempt, CLIENT_OF_KEY);
  const { answer, calls } = await attemptIt(attempt);
  if (verdict.kind === 'refused') {
    expectRefused(answer, verdict.code, calls);
    return verdict.code;
  }
  expectServed(attempt, verdict.operation, verdict.client)(answer, calls);
  return verdict.kind;
}

const LONG_MS = budget(600_000, 3_600_000);

describe('a client gets exactly what its entry in the clients file allows', () => {
  test(
    'for every client, operation and account',
    async () => {
      const table = CLIENTS.flatMap(({ key }) =>
        OPERATIONS.flatMap((operation) =>
          APP_IDS.map((appId) => plainAttempt(key, operation, appId)),
        ),
      );
      // The step shares no factor with a side of the table, so every row and every column is visited.
      const step = budget(101, 1);
      for (let at = 0; at < table.length; at += step) await expectVerdict(table[at] as Attempt);
    },
    LONG_MS,
  );

  test(
    'for random spellings, keys and headers',
    async () => {
      const verdicts = new Set<string>();
      await fc.assert(
        fc.asyncProperty(anyAttempt, async (attempt) => {
          verdicts.add(await expectVerdict(attempt));
        }),
        { numRuns: budget(600, 30_000) },
      );
      expect([...verdicts].sort()).toEqual([
        'allowed',
        'app-not-allowed',
        'invalid-app-id',
        'not-found',
        'operation-not-allowed',
        'unauthenticated',
        'unsupported-media-type',
      ]);
    },
    LONG_MS,
  );
});

describe('a running call of another client', () => {
  const MAY = 'gwk_of_client-3-2';
  const MAY_TOO = 'gwk_of_client-3-4';
  const NOT_THIS_APP_ID = 'gwk_of_client-3-3';
  const NOT_THIS_OPERATION = 'gwk_of_client-4-2';
  const as = (key: string) => ({ Authorization: `Bearer ${key}` });

  let upstream: HeldUpstream;
  let held: TestGateway;
  beforeEach(async () => {
    upstream = await heldUpstream();
    held = await startGateway({
      clients: CLIENTS_FILE,
      env: { GEWE_BASE_URL: upstream.baseUrl },
    });
  });
  afterEach(async () => {
    await held.stop();
    await upstream.stop();
  });

  test('is joined by a client with the same right, and by no other', async () => {
    const { replies, arrived } = askTogether(held, [
      ['wx_one', as(MAY)],
      ['wx_one', as(MAY_TOO)],
    ]);
    const call = await upstream.next('contacts/fetchContactsList');
    await arrived;
    for (const key of [NOT_THIS_APP_ID, NOT_THIS_OPERATION]) {
      const reply = await askList(held, 'wx_one', as(key));
      expect(reply.status).toBe(403);
      expect(reply.headers).not.toHaveProperty('cache-status');
    }
    call.answer(listOf('wx_one'));

    for (const { status, body } of await replies) {
      expect([status, markersIn(body.toString())]).toEqual([200, [markerOf('wx_one')]]);
    }
    expect(upstream.count('contacts/fetchContactsList', 'wx_one')).toBe(1);
  });

  test('is not found by its Idempotency-Key, whether it is running or answered', async () => {
    const add = (key: string, appId = 'wx_one') =>
      rawRequest(
        held.url,
        requestOf({ ...plainAttempt(key, 'addContacts', appId), idempotencyKey: 'key-1' }),
      );
    const first = add(MAY);
    const callOfFirst = await upstream.next('contacts/addContacts');
    // With another client's key, a running request would get 409 and a finished one a replay.
    const second = add(MAY_TOO);
    const callOfSecond = await upstream.next('contacts/addContacts');
    callOfFirst.answer('{"ret":200,"msg":"of the first"}');
    callOfSecond.answer('{"ret":200,"msg":"of the second"}');

    expect(textOf(await first)).toContain('of the first');
    expect(textOf(await second)).toContain('of the second');
    for (const key of [NOT_THIS_APP_ID, NOT_THIS_OPERATION]) {
      const answer = await add(key);
      expect(answer.status).toBe(403);
      expect(textOf(answer)).not.toContain('of the');
    }
    expect(textOf(await add(MAY))).toContain('of the first');
    const ofAnotherAccount = add(MAY_TOO, 'wx_sales_1');
    (await upstream.next('contacts/addContacts')).answer('{"ret":200,"msg":"of the third"}');
    expect(textOf(await ofAnotherAccount)).toContain('of the third');
    expect(upstream.count('contacts/addContacts', 'wx_one')).toBe(2);
  });
});
