/** What the schemas of the API page say of a body, and what the gateway does with it, must not differ. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readAddRequest } from '../../../src/add-contacts/request.ts';
import { CONTACTS } from '../../../src/docs/contacts.ts';
import { Refusal } from '../../../src/errors.ts';
import { APP_ID } from '../../../src/http/body.ts';

const addContacts = CONTACTS['addContacts']!;
const search = CONTACTS['search']!;

/** As steps/read-body.ts and steps/answer-add.ts check it. */
function gatewayTakes(body: Record<string, unknown>): boolean {
  const { appId } = body;
  if (typeof appId !== 'string' || !APP_ID.test(appId)) return false;
  const texts = new Map(Object.entries(body).map(([key, value]) => [key, JSON.stringify(value)]));
  return !(readAddRequest(body, texts) instanceof Refusal);
}

const schemaTakes = (body: Record<string, unknown>) => addContacts.request.safeParse(body).success;

const oddity = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, 0, 1, 5, 2.5, -2, '', ' 2', '02', '2.0', [2], {}),
  fc.string(),
  fc.integer(),
);
const appId = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_.:@-]{1,140}$/), oddity);
const option = fc.oneof(fc.constantFrom<unknown>(2, 3, 4, '2', '3', '4'), oddity);
const v3 = fc.oneof(
  fc.stringMatching(/^[!-~]{1,40}$/),
  fc.constantFrom('x'.repeat(4096), 'x'.repeat(4097), 'a b', 'v3\u00a0', 'v3\n'),
  oddity,
);

describe('addContacts', () => {
  test('a friend request is taken by the schema exactly if the gateway takes it', () => {
    fc.assert(
      fc.property(appId, option, v3, (appId, option, v3) => {
        const body = { ...addContacts.example, appId, option, v3 };
        fc.pre(!['3', '4'].includes(String(option)));
        expect([body, schemaTakes(body)]).toEqual([body, gatewayTakes(body)]);
      }),
      { numRuns: 1000 },
    );
  });

  test('accepting and rejecting are taken by the gateway whenever the schema takes them', () => {
    fc.assert(
      fc.property(appId, fc.constantFrom(3, 4, '3', '4'), v3, (appId, option, v3) => {
        const body = { ...addContacts.example, appId, option, v3 };
        if (schemaTakes(body)) expect(gatewayTakes(body)).toBe(true);
      }),
    );
  });

  test.each(['scene', 'option'])('the schema takes %s as a number and as its digits', (key) => {
    const { [key]: value } = addContacts.example;
    expect(schemaTakes({ ...addContacts.example, [key]: String(value) })).toBe(true);
  });
});

describe('every operation', () => {
  test.each(Object.entries(CONTACTS))('%s: its example is as its schema says', (_name, one) => {
    expect(one.request.safeParse(one.example).error).toBeUndefined();
    expect(gatewayTakes({ ...addContacts.example, ...one.example })).toBe(true);
  });

  test('takes an appId exactly if the gateway does, and other fields', () => {
    fc.assert(
      fc.property(appId, (appId) => {
        const isTaken = search.request.safeParse({ ...search.example, appId, more: 1 }).success;
        expect(isTaken).toBe(typeof appId === 'string' && APP_ID.test(appId));
      }),
    );
  });
});
