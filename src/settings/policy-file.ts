import { z } from 'zod';

/** No gap between two attempts can be longer: a ledger keeps them for twice this. */
const MAX_GAP_SECONDS = 604_800;

/** A number that counts something. */
function count(meaning: string, max = 1_000_000) {
  const error = `must be a whole number from 1 to ${max}`;
  return z.int({ error }).min(1, { error }).max(max, { error }).describe(meaning);
}

/** A time in the unit of the setting's name; fractions are fine. */
function span(meaning: string, min: number, max: number) {
  const error = `must be a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error }).describe(meaning);
}

function gap(meaning: string) {
  return span(`${meaning}, in seconds; 0 for none`, 0, MAX_GAP_SECONDS);
}

const step = z.strictObject({
  fromDay: span("Holds from this day of the account's age on, in days", 0, 3650),
  limit: count('Friend requests in any 24 hours'),
});

const perDay = z
  .array(step)
  .min(1, 'must have at least one step')
  .refine((steps) => (steps[0]?.fromDay ?? 0) === 0, 'must start with the step fromDay: 0')
  .refine(
    (steps) => steps.every((each, i) => i === 0 || each.fromDay > (steps[i - 1]?.fromDay ?? 0)),
    'must have steps whose fromDay grows from each to the next',
  )
  // A limit that shrinks would take back what an earlier refusal promised with its retryAt.
  .refine(
    (steps) => steps.every((each, i) => i === 0 || each.limit >= (steps[i - 1]?.limit ?? 0)),
    'must have steps whose limit is never lower than the one before',
  )
  .describe("Friend requests of an account in any 24 hours, by the account's age")
  .default([
    { fromDay: 0, limit: 5 },
    { fromDay: 7, limit: 10 },
    { fromDay: 14, limit: 15 },
  ]);

/** The policy file, in its own words and units. */
export const policyFile = z.strictObject({
  list: z
    .strictObject({
      freshForSeconds: span(
        'A saved list this young answers without asking the upstream',
        0,
        31_536_000,
      ).default(0),
      memoryBytes: count(
        'Of saved lists that each process keeps in memory',
        Number.MAX_SAFE_INTEGER,
      ).default(67_108_864),
      maxCallsUnderWay: count(
        'Slow fetchContactsList calls under way at once, over all accounts',
        100_000,
      ).default(1000),
    })
    .prefault({}),
  breaker: z
    .strictObject({
      failures: count('Failures in a row, over at least two accounts, that open it').default(5),
      windowSeconds: span('Within this time', 0.001, 86_400).default(10),
      probeEverySeconds: span('How often one call tries the upstream again', 0.001, 86_400).default(
        5,
      ),
    })
    .describe('Whether the upstream as a whole is taken for down')
    .prefault({}),
  addContacts: z
    .strictObject({
      accountAge: z
        .strictObject({
          minimumHours: span('How long an account is online before it adds', 0, 87_600).default(72),
          mode: z
            .enum(['block', 'warn', 'off'])
            .describe('What happens to a younger account')
            .default('block'),
          unknown: z
            .enum(['start-now', 'trust'])
            .describe('An account that nobody declared: young from now on, or old enough')
            .default('start-now'),
        })
        .prefault({}),
      add: z
        .strictObject({
          perDay,
          perTwoHours: count('Friend requests of an account in any 2 hours').default(8),
          minimumGapSeconds: gap('Between two friend requests of an account').default(60),
          target: z
            .strictObject({
              perDay: count('Friend requests to the same person in any 24 hours').default(2),
              minimumGapSeconds: gap('Between two friend requests to the same person').default(
                3600,
              ),
            })
            .prefault({}),
        })
        .prefault({}),
      accept: z
        .strictObject({
          perDay: count('Acceptances of an account in any 24 hours').default(200),
          warnUnderHours: span(
            'Accounts online for less get a warning in the log',
            0,
            87_600,
          ).default(48),
        })
        .prefault({}),
    })
    .prefault({}),
  clientRate: z
    .strictObject({
      requestsPerMinute: count('Of a client whose entry says nothing', 10_000_000).default(6000),
    })
    .prefault({}),
  accounts: z
    .record(
      z
        .string()
        .regex(/^[A-Za-z0-9_.:@-]{1,128}$/, 'an appId is 1 to 128 of A-Z a-z 0-9 _ . : @ -'),
      z.strictObject({
        onlineSince: z.iso
          .datetime({
            offset: true,
            error: 'must be an instant with its zone, such as "2026-01-01T00:00:00Z"',
          })
          .describe('Since when the account is online'),
      }),
    )
    .describe('Accounts whose time online is known, by appId')
    .default({}),
});
