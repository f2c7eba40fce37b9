import { z } from 'zod';
import { showName, type Problem } from './problem.ts';
import { readYaml } from './yaml-file.ts';

const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400;
/** No gap between two attempts can be longer: a ledger keeps them for twice this. */
const MAX_GAP_SECONDS = 7 * DAY_SECONDS;
const TEN_YEARS_DAYS = 3650;

/** A number that counts something. */
function count(meaning: string, max = 1_000_000) {
  const error = `must be a whole number from 1 to ${max}`;
  return z.int({ error }).min(1, { error }).max(max, { error }).describe(meaning);
}

/** A time in the unit of the setting's name; fractions are allowed. */
function span(meaning: string, min: number, max: number) {
  const error = `must be a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error }).describe(meaning);
}

const gap = (meaning: string) => span(`${meaning}, in seconds; 0 for none`, 0, MAX_GAP_SECONDS);
const period = (meaning: string) => span(meaning, 0.001, DAY_SECONDS);
const age = (meaning: string) => span(meaning, 0, 24 * TEN_YEARS_DAYS);
const ofSeconds = (seconds: number) => Math.round(seconds * 1000);
const ofHours = (hours: number) => Math.round(hours * 3_600_000);
const ofDays = (days: number) => Math.round(days * DAY_MS);

const list = z
  .strictObject({
    freshForSeconds: span(
      'A saved list this young answers without asking the upstream',
      0,
      365 * DAY_SECONDS,
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
  .transform(({ freshForSeconds, ...rest }) => ({
    ...rest,
    freshForMs: ofSeconds(freshForSeconds),
  }));

const breaker = z
  .strictObject({
    failures: count(
      'Connection failures and timeouts in a row, over at least two accounts, that open it',
    ).default(5),
    windowSeconds: period('Within this time').default(10),
    probeEverySeconds: period('How often one call tries the upstream again').default(5),
  })
  .describe('When the upstream as a whole counts as down')
  .transform(({ failures, windowSeconds, probeEverySeconds }) => ({
    failures,
    windowMs: ofSeconds(windowSeconds),
    probeEveryMs: ofSeconds(probeEverySeconds),
  }));

const accountAge = z
  .strictObject({
    minimumHours: age('How long an account is online before it adds').default(72),
    mode: z
      .enum(['block', 'warn', 'off'])
      .describe('What happens to a younger account')
      .default('block'),
    unknown: z
      .enum(['start-now', 'trust'])
      .describe('An account that nobody declared: young from now on, or old enough')
      .default('start-now'),
  })
  .transform(({ minimumHours, ...rest }) => ({ ...rest, minimumMs: ofHours(minimumHours) }));

const step = z
  .strictObject({
    fromDay: span("Holds from this day of the account's age on, in days", 0, TEN_YEARS_DAYS),
    limit: count('Friend requests in any 24 hours'),
  })
  .transform(({ fromDay, limit }) => ({ fromAgeMs: ofDays(fromDay), limit }));

const perDay = z
  .array(step)
  .min(1, 'must have at least one step')
  .refine(([first]) => (first?.fromAgeMs ?? 0) === 0, 'must start with the step fromDay: 0')
  .refine(
    inPairs((before, after) => before.fromAgeMs < after.fromAgeMs),
    'must have steps whose fromDay grows from each to the next',
  )
  // A limit that shrinks would take back what an earlier refusal promised with its retryAt.
  .refine(
    inPairs((before, after) => before.limit <= after.limit),
    'must have steps whose limit is never lower than the one before',
  )
  .describe("Friend requests of an account in any 24 hours, by the account's age");

type Step = z.output<typeof step>;

/** Whether a rule is true of each step and the next. */
function inPairs(rule: (before: Step, after: Step) => boolean) {
  return (steps: readonly Step[]) =>
    steps.every((after, index) => {
      const before = steps[index - 1];
      return before === undefined || rule(before, after);
    });
}

const target = z
  .strictObject({
    perDay: count('Friend requests to the same person in any 24 hours').default(2),
    minimumGapSeconds: gap('Between two friend requests to the same person').default(3600),
  })
  .transform(({ perDay, minimumGapSeconds }) => ({
    perDay,
    minimumGapMs: ofSeconds(minimumGapSeconds),
  }));

const add = z
  .strictObject({
    perDay: perDay.prefault([
      { fromDay: 0, limit: 5 },
      { fromDay: 7, limit: 10 },
      { fromDay: 14, limit: 15 },
    ]),
    perTwoHours: count('Friend requests of an account in any 2 hours').default(8),
    minimumGapSeconds: gap('Between two friend requests of an account').default(60),
    target: target.prefault({}),
  })
  .transform(({ minimumGapSeconds, ...rest }) => ({
    ...rest,
    minimumGapMs: ofSeconds(minimumGapSeconds),
  }));

const accept = z
  .strictObject({
    perDay: count('Acceptances of an account in any 24 hours').default(200),
    warnUnderHours: age('Accounts online for less get a warning in the log').default(48),
  })
  .transform(({ perDay, warnUnderHours }) => ({ perDay, warnUnderMs: ofHours(warnUnderHours) }));

const appId = z
  .string()
  .regex(/^[A-Za-z0-9_.:@-]{1,128}$/, 'an appId is 1 to 128 of A-Z a-z 0-9 _ . : @ -');

const onlineSince = z.iso
  .datetime({
    offset: true,
    error: 'must be an instant with its zone, such as "2026-01-01T00:00:00Z"',
  })
  .describe('Since when the account is online');

const journal = z
  .strictObject({
    keepDays: span('How long entries of the journal are kept, in days', 1, TEN_YEARS_DAYS).default(
      90,
    ),
    maxRows: count(
      'Entries of the journal; refusals are counted apart. Default: 1000000, on Redis 100000',
      100_000_000,
    ).optional(),
  })
  .describe('What operators can look up: who added whom, and what was refused')
  .transform(({ keepDays, maxRows }) => ({ keepMs: ofDays(keepDays), maxRows }));

/** Since when accounts are online, by appId. */
const accounts = z
  .record(appId, z.strictObject({ onlineSince }))
  .describe('Accounts whose time online is known, by appId')
  .transform(
    (entries): ReadonlyMap<string, number> =>
      new Map(Object.entries(entries).map(([id, entry]) => [id, Date.parse(entry.onlineSince)])),
  );

/** The policy file: its own words and units in, those of the settings (lengths in milliseconds, instants) out. */
export const policyFile = z
  .strictObject({
    list: list.prefault({}),
    breaker: breaker.prefault({}),
    addContacts: z
      .strictObject({
        accountAge: accountAge.prefault({}),
        add: add.prefault({}),
        accept: accept.prefault({}),
      })
      .prefault({}),
    clientRate: z
      .strictObject({
        requestsPerMinute: count('Of a client whose entry says nothing', 10_000_000).default(6000),
      })
      .prefault({}),
    journal: journal.prefault({}),
    accounts: accounts.prefault({}),
  })
  .transform(({ clientRate, ...rest }) => ({
    ...rest,
    /** For clients whose entry says nothing. */
    clientRequestsPerMinute: clientRate.requestsPerMinute,
  }));

/** The part of the settings that comes from the policy file. */
export type Policy = z.output<typeof policyFile>;

/** `accounts:` with all of its lines commented out reads as null, and means the same as a missing section. */
const withoutEmptySections = z.preprocess(
  (data) =>
    typeof data !== 'object' || data === null || Array.isArray(data)
      ? data
      : Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null)),
  policyFile,
);

/**
 * The policy from the text of its file; an empty text means all defaults.
 *
 * @param file as people know it, for the problems
 * @param now milliseconds since the epoch
 * @param token the upstream token, which must not be the name of an account
 */
export function parsePolicy(
  text: string,
  file: string,
  now: number,
  token?: string,
): { readonly policy: Policy } | { readonly problems: readonly Problem[] } {
  const example = 'the gateway.yaml of the package';
  const read = readYaml(text, withoutEmptySections, { file, example });
  if ('problems' in read) return read;

  const problems: Problem[] = [];
  for (const [id, since] of read.data.accounts) {
    if (token !== undefined && id.includes(token)) {
      problems.push({
        setting: 'accounts',
        problem: 'has an account whose appId contains the upstream token',
        remedy: 'Write the appId of the account there: the admin API lists them.',
        file,
        line: read.lineOf(['accounts', id]),
      });
    }
    if (since <= now + DAY_MS) continue;
    problems.push({
      setting: `accounts.${showName(id)}.onlineSince`,
      problem: 'is in the future',
      remedy: 'Write when the account came online, or remove the entry until it has.',
      file,
      line: read.lineOf(['accounts', id, 'onlineSince']),
    });
  }
  return problems.length > 0 ? { problems } : { policy: read.data };
}
