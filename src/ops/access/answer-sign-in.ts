import type { Request, RequestHandler, Response } from 'express';
import { Refusal, retryAfter } from '../../errors.ts';
import { formBody } from '../../http/body.ts';
import { languageOf } from '../../http/language.ts';
import { scopeOf, type Headers } from '../../http/request-scope.ts';
import { send, sendNoContent } from '../../http/send.ts';
import { pageHeaders } from '../page-headers.ts';
import { CHALLENGE, operatorName, type AccessParts } from './authenticate-ops.ts';
import type { OpsKey } from './ops-key.ts';
import { placeOf } from './page-paths.ts';
import { cookiesOf } from './shown.ts';
import { renderSignIn, type Trouble } from './sign-in-page.ts';
import { SIGN_IN_MS } from './sign-ins.ts';

/** Somebody tried to sign in, or signed out. */
export interface SignInEvent {
  readonly what: 'signed-in' | 'wrong' | 'locked' | 'signed-out';
  /** The name of somebody who is or was signed in; empty if none was given. */
  readonly name?: string;
  readonly requestId: string;
}

interface SignInParts extends AccessParts {
  onSignIn(event: SignInEvent): void;
}

const BODY_LIMIT_BYTES = 16_384;

/**
 * Answers `/sign-in` and `/sign-out`. Everything else passes. `authenticateOps` has made sure that forms come from the
 * listener's own pages.
 */
export function answerSignIn(parts: SignInParts): RequestHandler {
  return async (req, res, next) => {
    if (req.path !== '/sign-in' && req.path !== '/sign-out') return next();
    const allow = req.path === '/sign-in' ? 'GET, HEAD, POST' : 'POST';
    if (!allow.split(', ').includes(req.method)) {
      throw new Refusal('method-not-allowed', `Use ${allow} here.`, { headers: { Allow: allow } });
    }
    // Without OPS_TOKEN there is nothing to sign in with.
    if (parts.opsKey === undefined) return leadTo(res, './');
    if (req.path === '/sign-out') return signOut(req, res, parts);
    if (req.method === 'POST') return signIn(req, res, parts, parts.opsKey);
    if (openSignIns(req, parts).length > 0) return leadTo(res, placeOf(req.query['to']));
    sendPage(req, res, 200, {});
  };
}

async function signIn(
  req: Request,
  res: Response,
  parts: SignInParts,
  opsKey: OpsKey,
): Promise<void> {
  const fields = await formBody(req, BODY_LIMIT_BYTES);
  const token = fields.get('token') ?? '';
  const attempt = opsKey.tryPassword(token);
  const { requestId } = scopeOf(res).trace;
  if (attempt === 'wrong') {
    parts.onSignIn({ what: 'wrong', requestId });
    return sendPage(req, res, 401, { 'WWW-Authenticate': CHALLENGE }, { kind: 'wrong' });
  }
  if (attempt !== 'right') {
    parts.onSignIn({ what: 'locked', requestId });
    const wait = retryAfter(attempt.lockedForMs);
    const seconds = Number(wait['Retry-After']);
    return sendPage(req, res, 429, wait, { kind: 'locked', seconds });
  }
  // Only now, because a name that came with a wrong token is neither shown nor logged.
  const name = operatorName(fields.get('name') ?? '', token, res);
  // A browser has one sign-in at a time. Each gets a fresh value, so that nobody can have planted it.
  for (const cookie of openSignIns(req, parts)) parts.signIns.signOut(cookie);
  parts.onSignIn({ what: 'signed-in', name, requestId });
  const cookie = parts.signIns.signIn(name);
  leadTo(res, placeOf(req.query['to']), cookieLine(req, parts, cookie, SIGN_IN_MS / 1000));
}

function signOut(req: Request, res: Response, parts: SignInParts): void {
  for (const cookie of openSignIns(req, parts)) {
    const name = parts.signIns.find(cookie)?.name ?? '';
    parts.signIns.signOut(cookie);
    parts.onSignIn({ what: 'signed-out', name, requestId: scopeOf(res).trace.requestId });
  }
  leadTo(res, 'sign-in', cookieLine(req, parts, '', 0));
}

/** The cookies of this request that stand for a sign-in. */
function openSignIns(req: Request, { signIns, cookieName }: AccessParts): string[] {
  const cookies = cookiesOf(req.get('cookie'), cookieName);
  return cookies.filter((cookie) => signIns.find(cookie) !== undefined);
}

/**
 * Without a Path, it is valid below the folder of `/sign-in` as the browser sees it: with a path that a proxy puts before
 * it, and only there. That rules out the prefix `__Host-`, which demands `Path=/`, and also TLS, which a listener on
 * loopback does not have.
 */
function cookieLine(
  req: Request,
  { cookieName }: AccessParts,
  value: string,
  maxAgeSeconds: number,
): Headers {
  // The listener's own origin, as checked before. Its scheme is the browser's, even if a proxy ends TLS.
  const isOverTls = req.secure || req.get('origin')?.startsWith('https:') === true;
  const secure = isOverTls ? '; Secure' : '';
  const rest = `Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`;
  return { 'Set-Cookie': `${cookieName}=${value}; ${rest}` };
}

function leadTo(res: Response, location: string, headers: Headers = {}): void {
  sendNoContent(res, { Location: location, 'Cache-Control': 'no-store', ...headers }, 303);
}

function sendPage(
  req: Request,
  res: Response,
  status: 200 | 401 | 429,
  headers: Headers,
  trouble?: Trouble,
): void {
  const { to } = req.query;
  const isPlace = typeof to === 'string' && placeOf(to) !== './' && !scopeOf(res).holdsSecret(to);
  const query = isPlace ? `to=${encodeURIComponent(to)}` : '';
  Object.assign(scopeOf(res).headers, pageHeaders(''));
  const callsAgain = req.method === 'GET' && req.get('sec-fetch-site') === 'cross-site';
  const page = renderSignIn({ language: languageOf(req, res), query, trouble, callsAgain });
  send(res, status, 'text/html; charset=utf-8', Buffer.from(page), headers);
}
