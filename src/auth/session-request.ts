import { z } from 'zod';
import { appIdPattern, operationName } from '../settings/client.ts';
import { LONGEST_SUBJECT, SUBJECT } from './subject.ts';

const subject = z
  .string()
  .min(1)
  .max(LONGEST_SUBJECT)
  .regex(SUBJECT, 'must not have control characters')
  .describe('The person or page that the session is for, such as a user name. It is logged.');

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

export type SessionRequest = z.output<typeof sessionRequest>;

/** The body of DELETE /sessions: ends the sessions of one subject, or with `{}` all of the client's. */
export const endSessionsRequest = z.strictObject({ subject: subject.optional() });
