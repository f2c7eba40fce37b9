/**
 * Fastify with the gateway's duties: it checks the key, counts requests for each client, reads the body and wants an `appId` in
 * it, puts the token on, and logs each request. argv: port, upstream, token, key.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import replyFrom from '@fastify/reply-from';
import fastify from 'fastify';

const [port, base = '', token = '', key = ''] = process.argv.slice(2);

/** The body as received, and parsed. */
interface Body {
  readonly bytes: Buffer;
  readonly json: { readonly appId?: unknown };
}

const hash = (text: string) => createHash('sha256').update(text).digest();
const expected = hash(key);

const app = fastify({ logger: true, bodyLimit: 1_048_576 });
app.removeContentTypeParser('application/json');
app.addContentTypeParser(
  'application/json',
  { parseAs: 'buffer' },
  (_req, bytes: Buffer, done): void => {
    try {
      done(null, { bytes, json: JSON.parse(bytes.toString()) });
    } catch {
      done(Object.assign(new Error('The body is no JSON.'), { statusCode: 400 }));
    }
  },
);
await app.register(rateLimit, {
  max: 1e9,
  timeWindow: 60_000,
  keyGenerator: (req) => req.headers.authorization ?? '',
});
await app.register(replyFrom, { base, undici: { connections: 128, pipelining: 1 } });
app.addHook('onRequest', async (req, reply) => {
  const shown = hash((req.headers.authorization ?? '').replace(/^Bearer /, ''));
  if (!timingSafeEqual(shown, expected)) await reply.code(401).send({ ret: 401 });
});
app.post<{ Body: Body }>('/contacts/:operation', (req, reply) => {
  const { bytes, json } = req.body;
  if (typeof json.appId !== 'string') return reply.code(400).send({ ret: 400 });
  return reply.from(req.url, {
    body: bytes,
    contentType: 'application/json',
    rewriteRequestHeaders: () => ({
      accept: 'application/json',
      'content-type': 'application/json',
      'content-length': String(bytes.length),
      'x-gewe-token': token,
    }),
  });
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
