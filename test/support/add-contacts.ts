import { expect } from '@jest/globals';
import type { RecordedCall, Simulator } from '../../src/simulator/simulator.ts';
import { httpGet } from './http-client.ts';
import type { MovableClock } from './movable-clock.ts';
import type { TestGateway } from './start-gateway.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const ADD = 2;
export const ACCEPT = 3;
export const REJECT = 4;

/** A policy that treats undeclared accounts as old. */
export const TRUSTING = 'addContacts: { accountAge: { unknown: trust } }';

/** The same without gaps, for tests of how many attempts are allowed rather than how often. */
export const TRUSTING_WITHOUT_GAPS = `
addContacts:
  accountAge: { unknown: trust }
  add: { minimumGapSeconds: 0, target: { minimumGapSeconds: 0 } }
`;

/** The body of an addContacts, by default one that adds. */
export function addBody(appId: string, v3 = 'v3_ann', option: unknown = ADD) {
  return { appId, scene: 3, option, v3, v4: 'v4_ann', content: 'hello' };
}

/** The addContacts that reached the upstream. */
export function sentAdds(simulator: Simulator): RecordedCall[] {
  return simulator.calls.filter(isAdd);
}

export function isAdd({ operation }: RecordedCall): boolean {
  return operation === 'contacts/addContacts';
}

/** Adds `count` people one after the other, `gapMs` apart. The clock then shows the time of the last one. */
export async function addPeople(
  gateway: TestGateway,
  clock: MovableClock,
  { appId, count, gapMs }: { appId: string; count: number; gapMs: number },
): Promise<void> {
  for (let i = 0; i < count; i++) {
    if (i > 0) clock.advance(gapMs);
    await gateway.post('addContacts', addBody(appId, `v3_${clock.now()}`)).expect(200);
  }
}

/** Expects a refusal until `opensAt`: its code, body, status, and both ways to name that instant. */
export function expectRefusedUntil(
  answer: { status: number; headers: Record<string, string>; body: Record<string, unknown> },
  code: string,
  opensAt: number,
  now: number,
): void {
  expect(answer.body).toMatchObject({
    code,
    status: 429,
    ret: 429,
    retryAt: new Date(opensAt).toISOString(),
  });
  expect(answer.status).toBe(429);
  expect(answer.headers['retry-after']).toBe(String(Math.ceil((opensAt - now) / 1000)));
}

export interface Quota {
  readonly name: string;
  readonly [parameter: string]: number | string;
}

/**
 * RateLimit and RateLimit-Policy as lists of structured fields: `"name";q=5;w=60`. Throws if they do not have that
 * form. Byte sequences (the client's partition key) stay text.
 */
export function readQuotas(headers: Record<string, string>): {
  readonly policy: Quota[];
  readonly left: Quota[];
} {
  return {
    policy: readList(headers['ratelimit-policy'] ?? ''),
    left: readList(headers['ratelimit'] ?? ''),
  };
}

function readList(field: string): Quota[] {
  return field.split(', ').map((member) => {
    const [name = '', ...parameters] = member.split(/; ?/);
    if (!/^"[a-z-]+"$/.test(name)) throw new Error(`No quota's name: ${member}`);
    const pairs = parameters.map((parameter) => {
      const [, key = '', number, bytes] = /^([a-z]+)=(?:(\d+)|(:[\w+/=]+:))$/.exec(parameter) ?? [];
      if (key === '') throw new Error(`No parameter of a quota: ${parameter}`);
      return [key, number === undefined ? (bytes ?? '') : Number(number)] as const;
    });
    return { name: name.slice(1, -1), ...Object.fromEntries(pairs) };
  });
}

/** How often a quota of an account was charged, according to the admin API. */
export async function chargedOf(
  { opsUrl }: Pick<TestGateway, 'opsUrl'>,
  appId: string,
  quota: string,
): Promise<number> {
  const answer = await httpGet(opsUrl, `/admin/accounts/${appId}`);
  const { quotas } = answer.json() as {
    quotas?: { readonly name: string; readonly limit: number; readonly left: number }[];
  };
  const found = quotas?.find(({ name }) => name === quota);
  if (found === undefined) throw new Error(`No ${quota} of ${appId}: ${answer.body.toString()}`);
  return found.limit - found.left;
}
