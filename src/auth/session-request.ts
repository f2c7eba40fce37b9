/** The bodies of `POST /sessions` and `DELETE /sessions`. */
import { z } from 'zod';
import { LONGEST_SUBJECT, SUBJECT } from './subject.ts';

/** Of appIds that one session names. */
const MOST_APP_IDS = 100;

const subject = z
  .string()
  .min(1)
  .max(LONGEST_SUBJECT)
  .regex(SUBJECT, 'must not have control characters');

export const sessionRequest = z.strictObject({
  appIds: z
    .array(z.string().regex(/^[A-Za-z0-9_.:@*-]{1,128}$/, 'must be appIds'))
    .min(1)
    .max(MOST_APP_IDS)
    .optional()
    .describe(
      'Accounts, or a pattern exactly as the client has it in the clients file. Default: those of the client',
    ),
  operations: z
    .array(z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,127}$/, 'must be names of operations'))
    .min(1)
    .max(MOST_APP_IDS)
    .optional()
    .describe('`read`, `write`, `all`, or names of operations. Default: those of the client'),
  ttlSeconds: z
    .int()
    .min(1)
    .optional()
    .describe('How long the session lives; at most, and by default, `sessions.maxSeconds`'),
  subject: subject
    .optional()
    .describe('The person or page that the session is for. It has its own rate, and can be ended'),
});

export type SessionRequest = z.output<typeof sessionRequest>;

export const endRequest = z.strictObject({
  subject: subject
    .optional()
    .describe('Whose sessions end. Without it, all sessions of the client end'),
});
