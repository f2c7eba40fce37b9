import { z } from 'zod';
import { appIdPattern, operationName } from '../settings/client.ts';

/** Whom a session is for: an id of the caller's own, which is logged. */
const subject = z
  .string()
  .min(1)
  .max(256)
  .describe('Who the session is for, in your own terms, such as a user name. It is logged.');

/**
 * The body of POST /sessions. What is left out is the client's own, so an unknown key is refused: `appId` instead of
 * `appIds` would make a session for every account.
 */
export const sessionRequest = z.strictObject({
  appIds: z
    .array(appIdPattern)
    .min(1)
    .max(100)
    .describe("Accounts that the session may use: literal, or a pattern exactly as the client's.")
    .optional(),
  operations: z
    .array(operationName)
    .min(1)
    .describe('What the session may call: `read`, `write`, `all`, or names of operations.')
    .optional(),
  ttlSeconds: z
    .int()
    .min(1)
    .describe("How long the session lives. At most the client's `sessions.maxSeconds`.")
    .optional(),
  subject: subject.optional(),
});

/** The body of DELETE /sessions: ends the sessions of one subject, or with `{}` all of the client's. */
export const endSessionsRequest = z.strictObject({ subject: subject.optional() });
