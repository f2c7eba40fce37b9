/**
 * The page's own backend: it knows who is signed in, and exchanges the gateway's key for sessions. The key stays here.
 *
 *   GATEWAY_KEY=gwk_... npm exec -- node examples/browser/backend.ts
 *
 * GATEWAY_URL is the gateway's address as browsers reach it; default: http://127.0.0.1:8080. PORT: default 8000. ORIGIN is
 * where browsers open the page, and has to be one of the client's `origins`; default: http://127.0.0.1:8000.
 */
import { randomUUID } from 'node:crypto';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { servePage } from './serve-page.ts';

/** Put the company's own sign-in here: who may sign in, and which accounts each of them works with. */
const STAFF = new Map([
  ['alice', ['wx_sales_1', 'wx_sales_2']],
  ['bob', ['wx_support_1']],
]);
const OPERATIONS = ['read', 'addContacts'];
const TTL_SECONDS = 900;

/** @param place the gateway's address and key, and the origin of the page */
export function createBackend(
  place: Record<'gatewayUrl' | 'gatewayKey' | 'origin', string>,
): Express {
  const { gatewayUrl, gatewayKey, origin } = place;
  const signedIn = new Map<string, string>();
  const userOf = (cookies = '') => signedIn.get(/\bsign-in=([\w-]+)/.exec(cookies)?.[1] ?? '');
  const sessions = (method: 'POST' | 'DELETE', body: object) =>
    fetch(`${gatewayUrl}/sessions`, {
      method,
      headers: { Authorization: `Bearer ${gatewayKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });

  const app = express();
  app.use(servePage(gatewayUrl));
  app.use((req, res, next) => {
    // Browsers send `Origin` with every POST: no other site can act for somebody who is signed in here.
    if (req.headers.origin === origin) next();
    else res.sendStatus(403);
  });
  app.post('/sign-in', express.json(), (req, res) => {
    const { user = '' } = (req.body ?? {}) as { user?: string };
    if (!STAFF.has(user)) return void res.sendStatus(401);
    const id = randomUUID();
    signedIn.set(id, user);
    // With https, add `secure: true`.
    res.cookie('sign-in', id, { httpOnly: true, sameSite: 'strict' }).sendStatus(204);
  });
  app.post('/session', async (req, res) => {
    const user = userOf(req.headers.cookie);
    if (user === undefined) return void res.sendStatus(204);
    const asked = { subject: user, appIds: STAFF.get(user), operations: OPERATIONS };
    const minted = await sessions('POST', { ...asked, ttlSeconds: TTL_SECONDS });
    // Not the gateway's own status: its 401 means our key, not the person who is signed in.
    if (minted.status !== 201) return void res.sendStatus(502);
    const { token, expiresAt, appIds } = (await minted.json()) as Record<string, unknown>;
    res.set('Cache-Control', 'no-store');
    res.json({ gatewayUrl, user, appIds, token, expiresAt, ttlSeconds: TTL_SECONDS });
  });
  app.post('/sign-out', async (req, res) => {
    const user = userOf(req.headers.cookie);
    for (const [id, name] of signedIn) if (name === user) signedIn.delete(id);
    if (user !== undefined) await sessions('DELETE', { subject: user });
    res.clearCookie('sign-in').sendStatus(204);
  });
  app.use((_error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    // The gateway is away. Express would send the stack.
    res.sendStatus(502);
  });
  return app;
}

if (import.meta.main) {
  const { GATEWAY_KEY: gatewayKey, GATEWAY_URL, PORT: port = '8000', ORIGIN } = process.env;
  const [gatewayUrl, origin] = [
    GATEWAY_URL ?? 'http://127.0.0.1:8080',
    ORIGIN ?? `http://127.0.0.1:${port}`,
  ];
  if (gatewayKey === undefined) throw new Error('Set GATEWAY_KEY to a key of this gateway.');
  createBackend({ gatewayUrl, gatewayKey, origin }).listen(Number(port), '127.0.0.1');
  console.log(`The page is at ${origin}`);
}
