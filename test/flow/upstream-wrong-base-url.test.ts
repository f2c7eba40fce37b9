/** A GEWE_BASE_URL with the host of GEWE but without the path of its API. */
import { afterEach, expect, test } from '@jest/globals';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { TOKEN } from '../support/start-gateway.ts';

let simulator: Simulator;
let gateway: TestGateway;
afterEach(async () => {
  await gateway.stop();
  await simulator.stop();
});

/** @param path the path in GEWE_BASE_URL instead of /v2/api */
async function startAt(path: string): Promise<void> {
  simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  gateway = await startGateway({ env: { GEWE_BASE_URL: new URL(path, baseUrl).href } });
}

const call = (operation: string) =>
  gateway.post(operation, { appId: 'wx_1', option: 4, v3: 'v3_1', wxids: ['a'] });

test.each(['search', 'addContacts', 'fetchContactsList', 'fetchContactsListCache'])(
  "with a GEWE_BASE_URL without /v2/api, %s is refused with the upstream's status and the likely cause",
  async (operation) => {
    await startAt('/');
    const { status, body } = await call(operation);
    expect([status, body.code]).toEqual([502, 'upstream-invalid']);
    expect(body.detail).toContain('HTTP status 404');
    expect(body.detail).toContain('GEWE_BASE_URL probably lacks /v2/api');
    expect(body.detail).not.toContain('cannot be reached');
    const lines = gateway.log.filter(({ msg }) => msg === 'upstream call failed');
    expect(lines).toContainEqual(
      expect.objectContaining({
        operation,
        path: `/contacts/${operation}`,
        why: 'HTTP status 404',
      }),
    );
  },
);

test('a GEWE_BASE_URL that ends in a slash works', async () => {
  await startAt('/v2/api/');
  expect((await call('search')).body).toMatchObject({ ret: 200 });
  expect((await call('fetchContactsList')).body).toMatchObject({ ret: 200 });
  expect(simulator.calls.map(({ path }) => path)).toEqual([
    '/v2/api/contacts/search',
    '/v2/api/contacts/fetchContactsList',
  ]);
});
