import type { Request, RequestHandler, Response } from 'express';
import { readsDocs, type DocsSetting } from '../../docs/answer-docs.ts';
import { chinaTime } from '../../china-time.ts';
import { Refusal, retryAt } from '../../errors.ts';
import { scopeOf } from '../../http/request-scope.ts';
import { sendNoContent } from '../../http/send.ts';
import type { Clock } from '../../time.ts';
import { isForeignCall, isOwnHost, isOwnOrigin, isSafe, type Address } from './hosts.ts';
import { WRONG_PER_MINUTE, type OpsKey } from './ops-key.ts';
import { signInFrom, wantsPage } from './page-paths.ts';
import { basicOf, bearerOf, cookiesOf, printable, shortened } from './shown.ts';
import type { SignIns } from './sign-ins.ts';

export interface AccessParts {
  /** Undefined without `OPS_TOKEN`; the listener is on loopback then. */
  readonly opsKey: OpsKey | undefined;
  readonly opsOrigin: string | undefined;
  readonly cookieName: string;
  readonly signIns: SignIns;
  readonly docs: DocsSetting;
  readonly clock: Pick<Clock, 'now'>;
}

/** The caller, known by its credential. */
type Operator =
  | { readonly by: 'token' | 'loopback' }
  | { readonly by: 'basic'; readonly name: string }
  | { readonly by: 'page'; readonly name: string; readonly cookie: string };
type Nobody = { readonly by: 'nobody' } | { readonly by: 'locked'; readonly forMs: number };

/**
 * Decides who may use the ops listener. Requests need one of its hosts and must not come from pages of other origins. If
 * `OPS_TOKEN` is set, they need that token or a sign-in. What a browser sends along by itself (a cookie, a remembered
 * password, or nothing at all) changes something only from the listener's own pages.
 *
 * The API page and the sign-in need no token.
 */
export function authenticateOps(parts: AccessParts): RequestHandler {
  const { opsOrigin } = parts;
  return (req, res, next) => {
    const address = addressOf(req);
    if (!isOwnHost(address.host, opsOrigin)) throw misdirected();
    if (isForeignCall(calledBy(req), address, opsOrigin)) {
      throw new Refusal(
        'origin-not-allowed',
        'Pages of another origin may not call this listener. Behind a proxy, set OPS_ORIGIN to the origin that browsers see.',
      );
    }
    const caller = isForAll(req, parts) ? undefined : callerOf(req, res, parts);
    if (caller?.by === 'nobody' || caller?.by === 'locked') {
      return turnAway(req, res, caller, parts);
    }
    if (caller?.by !== 'token' && !isSafe(req.method)) requireOwnOrigin(req, address, opsOrigin);
    if (caller !== undefined) remember(res, caller);
    next();
  };
}

/** The listener has made sure that there is at most one Host, and that it is the one in the target if there is one. */
function addressOf(req: Request): Address {
  return { isOverTls: req.secure, host: req.get('host') ?? '' };
}

function misdirected(): Refusal {
  return new Refusal(
    'misdirected-request',
    'This listener answers to IP addresses, loopback names and the host of OPS_ORIGIN only. To reach it under this name, set OPS_ORIGIN, such as https://ops.example.com.',
  );
}

function calledBy(req: Request) {
  return {
    method: req.method,
    origin: req.get('origin'),
    site: req.get('sec-fetch-site'),
    mode: req.get('sec-fetch-mode'),
  };
}

const SIGN_IN_PATHS: ReadonlySet<string> = new Set(['/sign-in', '/sign-out']);

/** Paths for everybody: the API page, signing in and out, and the styles of that page. */
function isForAll(req: Request, { docs }: AccessParts): boolean {
  if (SIGN_IN_PATHS.has(req.path)) return true;
  if (req.path === '/ops.css') return req.method === 'GET' || req.method === 'HEAD';
  return docs !== 'off' && readsDocs(req);
}

/**
 * A good token or cookie counts whatever else is shown: a proxy in front may add an `Authorization` that is meant for
 * itself.
 */
function callerOf(req: Request, res: Response, parts: AccessParts): Operator | Nobody {
  const { opsKey, signIns, cookieName } = parts;
  if (opsKey === undefined) return { by: 'loopback' };
  const authorization = req.get('authorization');
  const token = bearerOf(authorization);
  if (token !== undefined && opsKey.isRight(token)) return { by: 'token' };
  for (const cookie of cookiesOf(req.get('cookie'), cookieName)) {
    const signIn = signIns.find(cookie);
    if (signIn !== undefined) return { by: 'page', name: signIn.name, cookie };
  }
  const basic = basicOf(authorization);
  if (basic === undefined) return { by: 'nobody' };
  const attempt = opsKey.tryPassword(basic.password);
  if (attempt === 'wrong') return { by: 'nobody' };
  if (attempt !== 'right') return { by: 'locked', forMs: attempt.lockedForMs };
  return { by: 'basic', name: operatorName(basic.user, basic.password, res) };
}

/** The name that an operator gave; empty if it holds a secret, such as a token in the wrong field. */
export function operatorName(given: string, opsToken: string, res: Response): string {
  const { holdsSecret } = scopeOf(res);
  const isSecret = (text: string) => text.includes(opsToken) || holdsSecret(text);
  // What is not printed could hide a secret, and what is cut off could be the rest of one.
  return isSecret(given) || isSecret(printable(given)) ? '' : shortened(printable(given));
}

function turnAway(req: Request, res: Response, caller: Nobody, { clock }: AccessParts): void {
  const asked = {
    method: req.method,
    path: req.path,
    accept: req.get('accept'),
    destination: req.get('sec-fetch-dest'),
  };
  if (wantsPage(asked)) {
    const target = req.path + (/\?.*$/s.exec(req.originalUrl)?.[0] ?? '');
    return sendNoContent(res, { Location: signInFrom(target), 'Cache-Control': 'no-store' }, 303);
  }
  if (caller.by === 'locked') throw tooManyWrong(caller.forMs, clock.now());
  throw new Refusal('unauthenticated', 'Send OPS_TOKEN as Authorization: Bearer TOKEN.', {
    headers: { 'WWW-Authenticate': CHALLENGE },
  });
}

/** Not Basic: browsers would ask with a window of their own, and remember the answer until they are closed. */
export const CHALLENGE = 'Bearer realm="gewe-gateway ops"';

function tooManyWrong(waitMs: number, now: number): Refusal {
  const { headers, members } = retryAt(now + waitMs, now);
  return new Refusal(
    'client-rate-limited',
    'There were ten wrong sign-ins within a minute. Try again later, or send OPS_TOKEN as Authorization: Bearer TOKEN.',
    {
      headers,
      members: { limit: WRONG_PER_MINUTE, windowSeconds: 60, ...members },
      msg: `登录失败次数过多，${chinaTime(now + waitMs, now)} 后可再试`,
    },
  );
}

/** A form of any page can be sent here, and browsers then add what they remember. They also say where it comes from. */
function requireOwnOrigin(req: Request, address: Address, opsOrigin: string | undefined): void {
  const origin = req.get('origin');
  if (isOwnOrigin(origin, address, opsOrigin)) return;
  const example = `http://${address.host}`;
  throw new Refusal(
    'origin-not-allowed',
    origin === undefined
      ? `Without a Bearer token, ${req.method} needs the Origin of this listener. Send OPS_TOKEN as Authorization: Bearer TOKEN, or add -H 'Origin: ${example}'.`
      : `The Origin is not this listener's own. Send OPS_TOKEN as Authorization: Bearer TOKEN, or -H 'Origin: ${example}'; behind a proxy, set OPS_ORIGIN to the origin that browsers see.`,
  );
}

function remember(res: Response, caller: Operator): void {
  const scope = scopeOf(res);
  const name = 'name' in caller ? caller.name : '';
  scope.operator = name === '' ? caller.by : `${caller.by} ${name}`;
  if (caller.by === 'page') scope.signIn = caller.cookie;
}
