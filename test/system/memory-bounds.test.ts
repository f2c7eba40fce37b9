/** Callers that send large bodies and leave, and a large number of accounts: memory stays limited. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { budget } from '../support/budget.ts';
import { eventually } from '../support/eventually.ts';
import { openConnection, rawPost } from '../support/raw-client.ts';
import { askList } from '../support/lists.ts';
import { startMeasuredGateway, type MeasuredGateway } from '../support/measured-gateway.ts';
import { KEY, TOKEN } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let simulator: Simulator;
let gateway: MeasuredGateway;

beforeEach(async () => {
  folder = await temporaryFolder();
  simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  const policy = 'list: { memoryBytes: 1000000 }\nclientRate: { requestsPerMinute: 10000000 }';
  await writeFile(join(folder.path, 'policy.yaml'), policy);
  gateway = await startMeasuredGateway(folder.path, {
    GEWE_BASE_URL: baseUrl,
    GEWE_TOKEN: TOKEN,
    GATEWAY_KEYS: `test:${KEY}`,
    GATEWAY_CONFIG: 'policy.yaml',
  });
});
afterEach(async () => {
  await gateway.end();
  await simulator.stop();
  await folder.remove();
});

async function bytes(): Promise<number> {
  const { heapBytes, outsideBytes } = await gateway.holding();
  return heapBytes + outsideBytes;
}

const requestsLogged = () => gateway.process.output().split('"msg":"request"').length - 1;

test('the body of a caller that has left is freed while the refresh that it waited for continues', async () => {
  simulator.behave('*', { hang: true });
  await Promise.all([leaveHanging(0), leaveHanging(0)]);
  await simulator.waitForCall(({ appId }) => appId === 'wx_slow');
  const before = await bytes();

  // A body in memory costs its bytes, its text and its parsed form: 60 of them 150 MB.
  for (let n = 0; n < 60; n++) await leaveHanging(900_000);
  await eventually(() => requestsLogged() >= 62);

  expect(requestsLogged()).toBe(62);
  expect(await gateway.metric('list_calls_under_way')).toBe(1);
  expect((await bytes()) - before).toBeLessThan(50_000_000);
}, 600_000);

test('a body whose parsed form is much larger takes only the memory of its bytes while the upstream is slow', async () => {
  simulator.behave('*', { hang: true });
  const headers = [`X-API-Key: ${KEY}`, 'Content-Type: application/json'];
  // Parsed, it takes 17 MB.
  const body = JSON.stringify({ appId: 'wx_a', x: Array.from({ length: 250_000 }, () => [0]) });
  const before = await bytes();

  const connections = [];
  for (let n = 0; n < 20; n++) {
    const connection = await openConnection(gateway.url);
    await connection.write(rawPost('/contacts/search', headers, body));
    connections.push(connection);
  }
  await simulator.waitForCall(({ operation }) => operation === 'contacts/search', 20);

  expect((await bytes()) - before).toBeLessThan(100_000_000);
  for (const connection of connections) connection.leave();
}, 600_000);

/** Requests a list that never comes with a body of this length, and disconnects. */
async function leaveHanging(length: number): Promise<void> {
  const headers = [`X-API-Key: ${KEY}`, 'Content-Type: application/json', 'Prefer: wait=300'];
  const body = JSON.stringify({ appId: 'wx_slow', pad: 'x'.repeat(length) });
  const connection = await openConnection(gateway.url);
  await connection.write(rawPost('/contacts/fetchContactsList', headers, body));
  connection.leave();
}

test(
  'twice as many accounts need no more memory than the limit of saved lists allows',
  async () => {
    const accounts = budget(100, 10_000);
    // Large lists if there are few accounts, so that keeping them all would be noticed.
    simulator.behave('*', { friends: budget(6000, 200) });
    await askForAccounts(0, accounts);
    const before = await bytes();

    await askForAccounts(accounts, 2 * accounts);

    expect((await bytes()) - before).toBeLessThan(5_000_000);
  },
  budget(600_000, 3_600_000),
);

/** Each account once, ten at a time. */
async function askForAccounts(from: number, until: number): Promise<void> {
  let next = from;
  const caller = async () => {
    while (next < until) {
      const { headers } = await askList(gateway, `wx_one_of_many_${(next += 1)}`);
      expect(headers['x-gateway-source']).toBe('live');
    }
  };
  await Promise.all(Array.from({ length: 10 }, caller));
}
