import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { addBody, TRUSTING } from '../support/add-contacts.ts';
import { runGateway } from '../support/gateway-process.ts';
import { gatewayProcesses, type GatewayProcesses } from '../support/gateway-processes.ts';
import { KEY, TOKEN } from '../support/start-gateway.ts';

const OPS_TOKEN = 'ops-token-of-this-test';

let gateways: GatewayProcesses;
let simulator: Simulator;

beforeEach(async () => {
  gateways = await gatewayProcesses({ policy: TRUSTING });
  ({ simulator } = gateways);
});
afterEach(() => gateways.stop());

/** The command line with only these variables. */
const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runGateway(args, { cwd: gateways.folder, env });
const start = (env?: Record<string, string>) => gateways.run(env);
const post = (url: string, operation: string, body: object) =>
  supertest(url)
    .post(`/contacts/${operation}`)
    .set('Authorization', `Bearer ${KEY}`)
    .send({ appId: 'wx_a', ...body });

describe('gewe-gateway start', () => {
  test.each(['info', 'error', 'silent'])(
    'with PORT=0 and LOG_LEVEL=%s prints its ports',
    async (level) => {
      const gateway = start({ LOG_LEVEL: level });
      const { url, opsUrl } = await gateway.listening();
      await supertest(url).get('/readyz').expect(200);
      await supertest(opsUrl).get('/readyz').expect(200);
      const { text } = await supertest(opsUrl).get('/metrics').expect(200);
      expect(text).toContain('gewe_gateway_process_resident_memory_bytes');
    },
  );

  test('without its settings reports all problems at once and exits with 78', async () => {
    const gateway = run(['start'], { PORT: 'eighty', GEWE_TIMEOUT_MS: '-1', OPS_HOST: '0.0.0.0' });
    expect(await gateway.ended).toEqual({ code: 78, signal: null });
    for (const name of ['GEWE_BASE_URL', 'GEWE_TOKEN', 'GATEWAY_KEYS', 'PORT', 'GEWE_TIMEOUT_MS']) {
      expect(gateway.output()).toContain(name);
    }
    expect(gateway.output()).toContain('OPS_TOKEN');
  });

  test.each([
    ['PORT', 'the client listener (HOST, PORT)'],
    ['OPS_PORT', 'the ops listener (OPS_HOST, OPS_PORT)'],
  ])('exits with 1 and names the listener and the setting if %s is taken', async (name, who) => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as AddressInfo;
    const gateway = start({ [name]: String(port) });
    const end = await gateway.ended;
    await new Promise((resolve) => holder.close(resolve));

    expect(end).toEqual({ code: 1, signal: null });
    expect(gateway.output()).toBe(
      `Cannot start: ${who} cannot listen on 127.0.0.1:${port}: the port is taken (EADDRINUSE). ` +
        `Stop what listens there, or set ${name} to a free port.\n`,
    );
  });

  test.each([
    ['HOST', '192.0.2.1', /the client listener .*on 192\.0\.2\.1: .*EADDRNOTAVAIL.*Set HOST to/],
    [
      'OPS_HOST',
      '192.0.2.1',
      /the ops listener .*on 192\.0\.2\.1: .*EADDRNOTAVAIL.*Set OPS_HOST to/,
    ],
    ['HOST', 'name.invalid', /the client listener .*the name in HOST is not known/],
    ['OPS_HOST', 'name.invalid', /the ops listener .*the name in OPS_HOST is not known/],
  ])('exits with 1 and names the setting if %s is %s', async (name, value, says) => {
    const gateway = start({ [name]: value, OPS_TOKEN });
    expect((await gateway.ended).code).toBe(1);
    expect(gateway.output()).toMatch(/^Cannot start: [^\n]*\n$/);
    expect(gateway.output()).toMatch(says);
    expect(gateway.output()).not.toContain('name.invalid');
  });

  test('exits with 78 and one clear line if the SQLite file is not a database, although files are being watched', async () => {
    await writeFile(join(gateways.folder, 'broken.db'), 'This is not a database.'.repeat(500));
    await writeFile(join(gateways.folder, 'token'), TOKEN);
    const gateway = start({
      GEWE_TOKEN: '',
      GEWE_TOKEN_FILE: 'token',
      STORE_URL: 'sqlite:broken.db',
    });

    expect(await gateway.ended).toEqual({ code: 78, signal: null });
    expect(gateway.output()).toMatch(/^STORE_URL: Cannot open the store .*broken\.db: /m);
  });
});

describe.each([[], ['start'], ['check'], ['keys'], ['simulate'], ['demo']])(
  'gewe-gateway %s',
  (...command) => {
    test('prints its usage with --help and exits with 0', async () => {
      const help = run([...command, '--help']);
      expect(await help.ended).toEqual({ code: 0, signal: null });
      expect(help.output()).toMatch(/^Usage: node \S+main\.ts /m);
    });
  },
);

test.each([[['nonsense']], [['start', 'now']], [['start', '--port', '1']], [[]]])(
  'gewe-gateway %j prints its usage and exits with 64',
  async (args) => {
    const gateway = run(args);
    expect((await gateway.ended).code).toBe(64);
    expect(gateway.output()).toMatch(/Usage: node \S+main\.ts/);
  },
);

test('no secret is in any output at LOG_LEVEL=trace', async () => {
  const gateway = start({
    LOG_LEVEL: 'trace',
    OPS_TOKEN,
    GEWE_TIMEOUT_MS: '200',
    LIST_DEADLINE_MS: '200',
    LIST_CACHE_DEADLINE_MS: '200',
  });
  const { url, opsUrl } = await gateway.listening();
  const behaviours = [
    {},
    { echoToken: true },
    { reset: true },
    { hang: true },
    { raw: { body: TOKEN } },
    { redirectTo: `http://127.0.0.1:9/${TOKEN}` },
  ];
  for (const behaviour of behaviours) {
    simulator.behave('wx_a', behaviour);
    await post(url, 'search', { contactsInfo: TOKEN });
    await post(url, 'fetchContactsList', {});
    await post(url, 'addContacts', addBody('wx_a'));
  }
  await supertest(url).post('/contacts/search').set('X-GEWE-TOKEN', TOKEN).send({});
  await supertest(url).get(`/${TOKEN}?key=${KEY}`);
  await supertest(opsUrl).get('/metrics').set('Authorization', `Bearer ${OPS_TOKEN}`).expect(200);
  simulator.setToken('tok-another-one-55');
  await post(url, 'search', {});
  await simulator.stop();
  await post(url, 'search', {});
  gateway.kill('SIGTERM');
  expect((await gateway.ended).code).toBe(0);

  expect(gateway.output()).toContain('"msg":"request"');
  for (const secret of [TOKEN, KEY, OPS_TOKEN]) expect(gateway.output()).not.toContain(secret);
});
