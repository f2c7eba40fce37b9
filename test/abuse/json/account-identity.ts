import { hashKey } from '../../../src/settings/clients.ts';
import { httpCall, GOOD_HEADERS, type HttpAnswer } from '../../support/http-client.ts';
import { listBytes, NO_FALLBACK, ONLY_IF_CACHED } from '../../support/lists.ts';
import { startGateway } from '../../support/start-gateway.ts';

/** A client that may use no account but the one under test. */
const NARROW_KEY = 'gwk_narrow_key';

/** For each thing of an account: whether two spellings share it. */
export type Identity = Readonly<Record<(typeof OF_AN_ACCOUNT)[number], boolean>>;

export const OF_AN_ACCOUNT = [
  'saved list',
  'list call',
  'list of the admin API',
  'clock',
  'quota',
  'idempotency key',
  'access',
] as const;

/**
 * Finds out from the behaviour of a gateway whether two appIds, each written as a JSON string, are the same account.
 * Both must be valid.
 */
export async function identityOf(
  [one, other]: readonly [string, string],
  storeUrl: string,
): Promise<Identity> {
  const appId = JSON.parse(one) as string;
  const otherId = JSON.parse(other) as string;
  const gateway = await startGateway({
    env: { STORE_URL: storeUrl, LIST_DEADLINE_MS: '20', LIST_CACHE_DEADLINE_MS: '20' },
    policy: 'addContacts: { accept: { perDay: 1 } }',
    clients: `clients: { narrow: { keys: ["sha256:${hashKey(NARROW_KEY)}"], appIds: ["${appId}"] } }`,
  });
  const { simulator } = gateway;

  const post = (operation: string, spelling: string, rest = '', headers = {}) =>
    httpCall(gateway.url, {
      path: `/contacts/${operation}`,
      headers: { ...GOOD_HEADERS, ...headers },
      body: `{"appId":${spelling}${rest}}`,
    });
  const admin = (method: string, path: string, body?: string) =>
    httpCall(gateway.opsUrl, {
      method,
      path: `/admin/${path}`,
      headers: { 'Content-Type': 'application/json', Origin: gateway.opsUrl },
      ...(body === undefined ? {} : { body }),
    });

  /** The number of running calls after both have asked and before either was answered. */
  async function listCalls(): Promise<number> {
    for (const id of [appId, otherId]) simulator.behave(id, { hang: true });
    await post('fetchContactsList', one, '', NO_FALLBACK);
    await post('fetchContactsList', other, '', NO_FALLBACK);
    const metrics = (await httpCall(gateway.opsUrl, { method: 'GET', path: '/metrics' })).body;
    // Ends the calls, because the gateway would wait for them when it stops.
    simulator.reset();
    return Number(/^gewe_gateway_list_calls_under_way (\d+)$/m.exec(metrics.toString())?.[1]);
  }

  try {
    simulator.behave(appId, { raw: { body: listBytes('wxid_ann') } });
    await post('fetchContactsList', one, '', { Prefer: 'wait=60' });
    simulator.reset();
    const saved = await post('fetchContactsList', other, '', ONLY_IF_CACHED);
    const shown = await admin('GET', `lists/${otherId}`);

    await admin('PUT', `accounts/${appId}`, '{"onlineSince":"2020-01-01T00:00:00Z"}');
    const added = await post('addContacts', other, ',"option":2,"v3":"v3_ann"');

    await post('addContacts', one, ',"option":3');
    const accepted = await post('addContacts', other, ',"option":3');

    const key = { 'Idempotency-Key': 'k' };
    await post('addContacts', one, ',"option":4', key);
    const keyed = await post('addContacts', other, ',"option":4,"v3":"another body"', key);

    const admitted = await post('search', other, '', { Authorization: `Bearer ${NARROW_KEY}` });
    const underWay = await listCalls();
    return {
      'saved list': passes(saved, 'list-not-saved'),
      'list call': underWay === 1,
      'list of the admin API': passes(shown, 'not-found'),
      clock: passes(added, 'account-too-young'),
      quota: !passes(accepted, 'accept-quota-exhausted'),
      'idempotency key': !passes(keyed, 'idempotency-mismatch'),
      access: passes(admitted, 'app-not-allowed'),
    };
  } finally {
    await gateway.stop();
  }
}

/** Whether a response is a success. Throws if it is neither that nor the expected refusal. */
function passes(answer: HttpAnswer, code: string): boolean {
  if (answer.status === 200) return true;
  if (answer.json()['code'] === code) return false;
  throw new Error(`Neither 200 nor ${code}: ${answer.body.toString()}`);
}
