/**
 * TLS to the upstream: a failed handshake sends nothing and the attempt is refunded; a working connection serves every
 * operation.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { addBody, TRUSTING } from '../support/add-contacts.ts';
import { eventually } from '../support/eventually.ts';
import { runGateway, type GatewayProcess } from '../support/gateway-process.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { GOOD_LIST, startRawUpstream, wire, type RawUpstream } from '../support/raw-upstream.ts';
import { startGateway, TOKEN, type TestGateway, LEAST_ENV } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A self-signed certificate for 127.0.0.1 that only these tests use. */
const CERTIFICATE = fileURLToPath(new URL('../fixtures/tls/certificate.pem', import.meta.url));
const KEY_FILE = fileURLToPath(new URL('../fixtures/tls/key.pem', import.meta.url));

/** What an upstream received. */
interface Witness {
  /** The bytes that callers sent, decrypted if they were encrypted. */
  received: string;
  /** The number of TCP connections that were accepted, and how many of them are closed. */
  opened: number;
  closed: number;
  protocols: Set<string | false | null>;
}

let upstream: RawUpstream;
let witness: Witness;

/** An upstream over TLS that records everything that it receives. */
function startTlsUpstream(options: TlsOptions = {}): Promise<RawUpstream> {
  const files = { cert: readFileSync(CERTIFICATE), key: readFileSync(KEY_FILE) };
  return startWitnessed((onConnection) =>
    createTlsServer({ ...files, ...options }, (socket) => {
      witness.protocols.add(socket.alpnProtocol);
      socket.on('data', (chunk) => (witness.received += chunk.toString('latin1')));
      onConnection(socket);
    }),
  );
}

/** An upstream that treats every connection in this way, whatever it receives. */
async function startUpstreamWithoutTls(manner: (socket: Socket) => void): Promise<RawUpstream> {
  const started = await startWitnessed(createServer);
  started.greet((socket) => {
    socket.on('data', (chunk) => (witness.received += chunk.toString('latin1')));
    manner(socket);
  });
  return started;
}

async function startWitnessed(
  createListener: (onConnection: (socket: Socket) => void) => Server,
): Promise<RawUpstream> {
  witness = { received: '', opened: 0, closed: 0, protocols: new Set() };
  const started = await startRawUpstream(undefined, (onConnection) =>
    createListener(onConnection).on('connection', (socket: Socket) => {
      witness.opened += 1;
      socket.on('close', () => (witness.closed += 1));
    }),
  );
  return { ...started, baseUrl: started.baseUrl.replace('http:', 'https:') };
}

describe('an upstream over TLS', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let gateway: GatewayProcess;
  let url: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    upstream = await startTlsUpstream({ ALPNProtocols: ['h2', 'http/1.1'] });
    gateway = runGateway(['start'], {
      cwd: folder.path,
      env: {
        ...LEAST_ENV,
        GEWE_BASE_URL: upstream.baseUrl,
        NODE_EXTRA_CA_CERTS: CERTIFICATE,
      },
    });
    ({ url } = await gateway.listening());
  });
  afterAll(async () => {
    gateway.kill('SIGKILL');
    await gateway.ended;
    await upstream.stop();
    await folder.remove();
  });

  const call = (operation: string, option = 2) =>
    httpCall(url, {
      path: `/contacts/${operation}`,
      headers: GOOD_HEADERS,
      body: JSON.stringify(addBody('wx_tls', 'v3_ann', option)),
    });

  test.each(['search', 'fetchContactsListCache', 'fetchContactsList'])(
    'answers %s if its certificate is trusted',
    async (operation) => {
      const answer = await call(operation);

      expect([answer.status, answer.json()['ret']]).toEqual([200, 200]);
    },
  );

  test('answers addContacts: an add is refused as account-too-young, a reject succeeds', async () => {
    expect((await call('addContacts')).json()['code']).toBe('account-too-young');
    expect((await call('addContacts', 4)).json()['ret']).toBe(200);
    const operations = upstream.calls.map(({ operation }) => operation);
    expect(operations.slice(-1)).toEqual(['contacts/addContacts']);
  });

  // The upstream sends close_notify in TLS, which is not a byte of a response.
  test.each(['search', 'fetchContactsList'])(
    'gets %s a second time if it closed the kept connection at the first',
    async (operation) => {
      const good = wire(GOOD_LIST, '200 OK', ['Connection: keep-alive']);
      let requests = 0;
      upstream.behave('wx_tls', (socket) => {
        requests += 1;
        if (requests === 2) socket.end();
        else socket.write(good);
      });
      await call(operation);

      const answer = await call(operation);

      expect([answer.status, answer.body.toString()]).toEqual([200, GOOD_LIST]);
      expect(answer.headers['x-gateway-source']).not.toBe('saved');
      expect(requests).toBe(3);
    },
  );

  test('is called over HTTP/1.1 with the token by both HTTP clients of the gateway', () => {
    expect([...witness.protocols]).not.toContain('h2');
    expect(witness.received.match(/ HTTP\/1\.1\r\n/g)).toHaveLength(upstream.calls.length);
    expect(witness.received.match(RegExp(TOKEN, 'g'))).toHaveLength(upstream.calls.length);
  });
});

describe('a TLS handshake that fails', () => {
  let gateway: TestGateway;
  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const NEVER_ESTABLISHED: readonly (readonly [string, () => Promise<RawUpstream>])[] = [
    ['an untrusted certificate, over TLS 1.3', () => startTlsUpstream({ minVersion: 'TLSv1.3' })],
    ['an untrusted certificate, over TLS 1.2', () => startTlsUpstream({ maxVersion: 'TLSv1.2' })],
    [
      'plain HTTP',
      () => startUpstreamWithoutTls((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    ],
    ['a reset', () => startUpstreamWithoutTls((socket) => socket.resetAndDestroy())],
    [
      'a reset after the first message',
      () => startUpstreamWithoutTls((socket) => socket.on('data', () => socket.resetAndDestroy())),
    ],
    ['an end', () => startUpstreamWithoutTls((socket) => socket.end())],
    ['silence', () => startUpstreamWithoutTls(() => undefined)],
  ];

  test.each(NEVER_ESTABLISHED)(
    'by %s refunds the attempt, because nothing was sent',
    async (what, start) => {
      upstream = await start();
      gateway = await startGateway({
        policy: TRUSTING,
        env: {
          GEWE_BASE_URL: upstream.baseUrl,
          ...(what === 'silence' && { GEWE_TIMEOUT_MS: '600' }),
        },
      });

      const answer = await gateway.post('addContacts', addBody('wx_a'));

      expect([answer.status, answer.body.code]).toEqual([502, 'upstream-unreachable']);
      expect(answer.body.detail).toContain('was not carried out');
      expect(answer.headers['ratelimit']).toContain('"add-per-day";r=15;');
      await untilClosed();
      expect(witness.received).not.toMatch(/addContacts|POST|gewe/i);
    },
  );

  test.each(['search', 'fetchContactsListCache', 'fetchContactsList'])(
    'is a refusal of %s, and the token is not sent',
    async (operation) => {
      upstream = await startTlsUpstream();
      gateway = await startGateway({ env: { GEWE_BASE_URL: upstream.baseUrl } });

      const answer = await gateway.post(operation, { appId: 'wx_a' });

      expect([answer.status, answer.body.code]).toEqual([502, 'upstream-unreachable']);
      await untilClosed();
      expect(witness.received).toBe('');
    },
  );

  test('is distinguished from a connection lost after the request was sent, which stays charged', async () => {
    upstream = await startUpstreamWithoutTls((socket) =>
      socket.on('data', () => socket.resetAndDestroy()),
    );
    const plain = upstream.baseUrl.replace('https:', 'http:');
    gateway = await startGateway({ policy: TRUSTING, env: { GEWE_BASE_URL: plain } });

    const answer = await gateway.post('addContacts', addBody('wx_a'));

    expect(answer.body.code).toBe('upstream-unreachable');
    expect(answer.headers['ratelimit']).toContain('"add-per-day";r=14;');
  });
});

/** Resolves when the upstream has seen the end of every connection, so that nothing more can arrive. */
async function untilClosed(): Promise<void> {
  const isOver = () => witness.opened > 0 && witness.closed === witness.opened;
  if (await eventually(isOver)) return;
  throw new Error(`${witness.closed} of ${witness.opened} connections are over`);
}
