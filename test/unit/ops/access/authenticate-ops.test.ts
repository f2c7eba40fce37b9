/** What later steps learn of an operator: for the journal, and for what must end with a sign-in. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { authenticateOps } from '../../../../src/ops/access/authenticate-ops.ts';
import { createOpsKey } from '../../../../src/ops/access/ops-key.ts';
import { createSignIns, type SignIns } from '../../../../src/ops/access/sign-ins.ts';
import { identify } from '../../../../src/steps/identify.ts';
import { scopeOf } from '../../../../src/http/request-scope.ts';
import { systemClock as clock } from '../../../../src/time.ts';
import { httpGet, httpCall } from '../../../support/http-client.ts';

const OPS_TOKEN = 'ops-token-of-this-test';
const GEWE_TOKEN = 'tok-of-gewe-4f9d';
const servers: Server[] = [];
let signIns: SignIns;
let open: string;
let guarded: string;

/** A server that answers with what the step found out. */
async function listen(opsToken: string | undefined): Promise<string> {
  const app = express();
  app.use(identify({ clock, scrubber: { holds: (text) => text.includes(GEWE_TOKEN) } }));
  const opsKey = opsToken === undefined ? undefined : createOpsKey(opsToken, clock);
  const opsOrigin = undefined;
  app.use(
    authenticateOps({ opsKey, opsOrigin, signIns, cookieName: 'gewe_ops', docs: 'off', clock }),
  );
  app.use((_req, res) => {
    const { operator, signIn } = scopeOf(res);
    res.json({ operator, signIn });
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  signIns = createSignIns(clock);
  [open, guarded] = await Promise.all([listen(undefined), listen(OPS_TOKEN)]);
});
afterAll(() => servers.forEach((server) => server.close()));

const found = async (headers: Record<string, string>) =>
  (await httpCall(guarded, { method: 'GET', path: '/x', headers })).json();
const basic = (user: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${OPS_TOKEN}`).toString('base64')}`,
});
const bearer = { Authorization: `Bearer ${OPS_TOKEN}` };

test('without OPS_TOKEN the operator is whoever is on this machine', async () => {
  expect((await httpGet(open, '/x')).json()).toEqual({ operator: 'loopback' });
});

test('the operator is named by the credential, and by the name that came with it', async () => {
  expect(await found(bearer)).toEqual({ operator: 'token' });
  expect(await found(basic('李雷'))).toEqual({ operator: 'basic 李雷' });
  expect(await found(basic(''))).toEqual({ operator: 'basic' });
  const [ann, nobody] = [signIns.signIn('Ann'), signIns.signIn('')];
  expect(await found({ Cookie: `gewe_ops=${ann}` })).toEqual({ operator: 'page Ann', signIn: ann });
  expect(await found({ Cookie: `a=b; gewe_ops=${nobody}` })).toMatchObject({ operator: 'page' });
  expect(await found({ Cookie: `gewe_ops=${ann}`, ...bearer })).toEqual({ operator: 'token' });
});

test.each([OPS_TOKEN, `x${OPS_TOKEN}`, OPS_TOKEN.replace('-', '-\u200b'), GEWE_TOKEN])(
  'a secret in the place of the name is not recorded: %s',
  async (user) => {
    expect(await found(basic(user))).toEqual({ operator: 'basic' });
  },
);
