import type { Request, RequestHandler, Response } from 'express';
import type { Authenticator } from '../auth/authenticator.ts';
import { endSessionsRequest, sessionRequest } from '../auth/session-request.ts';
import type { Sessions } from '../auth/sessions.ts';
import { Refusal } from '../errors.ts';
import { jsonBody } from '../http/body.ts';
import { found, scopeOf, type RequestScope } from '../http/request-scope.ts';
import { send, sendNoContent } from '../http/send.ts';

interface AnswerSessionsParts {
  readonly authenticator: Authenticator;
  readonly sessions: Pick<Sessions, 'create' | 'end'>;
}

/** A hundred appIds of the longest kind take 13 KB. */
const BODY_LIMIT_BYTES = 65_536;

/** Refuses web pages: a page that creates sessions has a key in it, and anybody can read that. */
export function refusePages(): RequestHandler {
  return (req, res, next) => {
    if (req.headers.origin !== undefined) {
      throw new Refusal(
        'origin-not-allowed',
        'Create and end sessions from a backend. Anybody who opens a page can read a key in it.',
      );
    }
    if (req.method === 'OPTIONS') return sendNoContent(res, { Allow: 'POST, DELETE, OPTIONS' });
    next();
  };
}

/**
 * Makes a session, or ends sessions, for the client whose key this is. Authenticates again once the body is there, as
 * `authorize` does.
 */
export function answerSessions({ authenticator, sessions }: AnswerSessionsParts): RequestHandler {
  return async (req, res) => {
    const scope = scopeOf(res);
    // Without a key there is nothing that a session could be bound to.
    if (found(scope.caller).grant !== undefined || scope.credential === undefined) {
      const detail = 'Create and end sessions with the key of a client, not with a token.';
      throw new Refusal('operation-not-allowed', detail);
    }
    const body = await readBody(req, scope);
    refuseSecrets(body, scope);
    const { client } = await authenticator.authenticate(scope.credential);
    if (req.method === 'DELETE') {
      const { subject } = parse(endSessionsRequest, body);
      await sessions.end(client, subject);
      return sendNoContent(res);
    }
    const session = await sessions.create(
      client,
      scope.credential.key,
      parse(sessionRequest, body),
    );
    sendCreated(res, { ...session, expiresAt: new Date(session.expiresAt).toISOString() });
  };
}

async function readBody(req: Request, scope: RequestScope): Promise<object> {
  return (await jsonBody(req, scope.holdsSecret, BODY_LIMIT_BYTES)).json;
}

/** A subject is logged with each request of its sessions, and everybody who has a token can read what is in it. */
function refuseSecrets(body: object, { holdsSecret }: RequestScope): void {
  const isSecret = (value: unknown) => typeof value === 'string' && holdsSecret(value);
  if (!Object.values(body).flat().some(isSecret)) return;
  throw new Refusal('invalid-body', 'The body must not contain a token or your key.');
}

interface Schema<T> {
  safeParse(
    body: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };
}

/** @throws Refusal that names the field, and repeats nothing of the body */
function parse<T>(schema: Schema<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = String(issue?.path[0] ?? '');
  const detail =
    field === '' ? 'The body has a field that is not known.' : `${field} is not valid.`;
  throw new Refusal(
    'invalid-body',
    `${detail} Fields: appIds, operations, ttlSeconds, subject; see docs/recipes/front-ends.md.`,
  );
}

function sendCreated(res: Response, body: Readonly<Record<string, unknown>>): void {
  send(res, 201, 'application/json', Buffer.from(JSON.stringify(body)));
}
