import {
  createHmac,
  generateKeyPairSync,
  sign,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.ts';

export type Algorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA' | 'Ed25519';

/** A key that the provider signs with. */
export interface ProviderKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly privateKey: KeyObject;
  /** As the provider publishes it. */
  readonly jwk: JsonWebKey;
}

const PADDING_PSS = 6;

export function makeKey(alg: Algorithm, kid: string, bits = 2048): ProviderKey {
  const { privateKey, publicKey } =
    alg === 'RS256' || alg === 'PS256'
      ? generateKeyPairSync('rsa', { modulusLength: bits })
      : alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg } };
}

const encode = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url');

/** A token as it goes over the wire, signed here and not by the library under test. */
export function signToken(
  { kid, alg, privateKey }: ProviderKey,
  claims: object,
  header: object = {},
): string {
  const input = `${encode({ alg, kid, ...header })}.${encode(claims)}`;
  const bytes = Buffer.from(input);
  const signature =
    alg === 'RS256'
      ? sign('sha256', bytes, privateKey)
      : alg === 'PS256'
        ? sign('sha256', bytes, { key: privateKey, padding: PADDING_PSS, saltLength: 32 })
        : alg === 'ES256'
          ? sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })
          : sign(null, bytes, privateKey);
  return `${input}.${signature.toString('base64url')}`;
}

/** A token with a symmetric signature, or with none. */
export function forgeToken(claims: object, header: object, secret?: string): string {
  const input = `${encode(header)}.${encode(claims)}`;
  const signature =
    secret === undefined ? '' : createHmac('sha256', secret).update(input).digest('base64url');
  return `${input}.${signature}`;
}

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

export interface IdentityProvider {
  readonly url: string;
  /** What its discovery document calls it. Default: `url`. */
  issuer: string;
  /** The keys that it publishes. */
  keys: readonly ProviderKey[];
  /** The paths asked for so far. */
  readonly asked: readonly string[];
  /** How often the key set was asked for. */
  fetches(): number;
  /** Resolves when the key set has been asked for so often. */
  waitForFetches(count: number): Promise<void>;
  /** Answers requests for the key set in another way, or for the discovery document too. */
  behave(keys: Handler | undefined, discovery?: Handler): void;
  /** How many connections are open. */
  connections(): Promise<number>;
  /** No longer listens, until `start`. */
  stop(): Promise<void>;
  /** Listens again, at the same port. */
  start(): Promise<void>;
}

const JWKS_PATH = '/keys';
export const DISCOVERY_PATH = '/.well-known/openid-configuration';

export const answerJson =
  (json: unknown, status = 200): Handler =>
  (_req, res) => {
    res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(json));
  };

/** A provider of OpenID Connect, as far as its keys go. It can be down, slow and rude. */
export async function startIdentityProvider(
  keys: readonly ProviderKey[] = [],
): Promise<IdentityProvider> {
  const asked: string[] = [];
  let [keysHandler, discoveryHandler] = [undefined, undefined] as (Handler | undefined)[];
  let port = 0;
  const server = createServer((req, res) => {
    const path = req.url ?? '';
    asked.push(path);
    const isKeys = path.split('?')[0] === JWKS_PATH;
    const handler = isKeys ? keysHandler : discoveryHandler;
    if (handler !== undefined) return handler(req, res);
    if (isKeys) return answerJson({ keys: provider.keys.map(({ jwk }) => jwk) })(req, res);
    const document = { issuer: provider.issuer, jwks_uri: `${provider.url}${JWKS_PATH}` };
    return answerJson(document, path === DISCOVERY_PATH ? 200 : 404)(req, res);
  });
  const start = async () => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  };
  await start();
  const url = `http://127.0.0.1:${port}`;
  const provider: IdentityProvider = {
    url,
    issuer: url,
    keys,
    asked,
    fetches: () => asked.filter((path) => path.split('?')[0] === JWKS_PATH).length,
    async waitForFetches(count) {
      if (!(await eventually(() => provider.fetches() >= count))) throw new Error('No fetch came');
    },
    behave(keys, discovery) {
      [keysHandler, discoveryHandler] = [keys, discovery];
    },
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      ),
    async stop() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    start,
  };
  return provider;
}
