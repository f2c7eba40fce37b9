/** Events in the life of accounts that add people, as data: fast-check can shrink it, and a failure shows it. */
import fc from 'fast-check';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../support/add-contacts.ts';
import type { Upstream } from './upstream-outcomes.ts';
import type { Ask, ModelPolicy } from './words.ts';

export const START = Date.parse('2026-06-01T00:00:00Z');
/** One account declared in the policy file, and some others. */
export const ACCOUNTS = ['wx_file', 'wx_a', 'wx_b'] as const;

export type Command =
  | { readonly do: 'ask'; readonly ask: Ask; readonly upstream: Upstream }
  /** The last one again, as a caller does who got no answer that helps. */
  | { readonly do: 'ask-again' }
  /** Callers at once: each for somebody new, all for the same person, or all under one Idempotency-Key. */
  | {
      readonly do: 'ask-at-once';
      readonly ask: Ask;
      readonly callers: number;
      readonly how: 'for-others' | 'for-the-same' | 'under-one-key';
      readonly upstream: 'fine' | 'not-listening';
    }
  /** Asks, and where it is refused, again just before and at the instant that the refusal names. */
  | { readonly do: 'come-back'; readonly ask: Ask }
  | { readonly do: 'wait'; readonly ms: number }
  /** To an instant at which something changes, the `nth` that is still to come, or one millisecond beside it. */
  | {
      readonly do: 'wait-for-edge';
      readonly appId: string;
      readonly nth: number;
      readonly besideMs: number;
    }
  | { readonly do: 'set-clock-back'; readonly ms: number }
  | { readonly do: 'declare'; readonly appId: string; readonly ageMs: number }
  | { readonly do: 'removeDeclaration'; readonly appId: string }
  /** Abruptly: the file is opened anew while the old gateway still has it. An add can be under way meanwhile. */
  | {
      readonly do: 'restart';
      readonly isAbrupt: boolean;
      readonly underWay: Ask | undefined;
    };

const appId = fc.constantFrom(...ACCOUNTS);

const asking = (...kinds: Ask['kind'][]): fc.Arbitrary<Ask> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    appId,
    person: fc.constantFrom('ann', 'bob', 'cy'),
    key: fc.constantFrom(undefined, 'k1', 'k2'),
  });

const anyAsking = asking('add', 'add', 'add', 'accept', 'reject');
const besideMs = fc.constantFrom(0, -1, 1);

/** An age near those at which the rules change, or one that can only be a mistake of the operator. */
const ageMs = fc
  .tuple(
    fc.constantFrom(0, HOUR_MS, 3 * DAY_MS, 7 * DAY_MS, 14 * DAY_MS, 700_000 * DAY_MS),
    besideMs,
  )
  .map(([age, beside]) => Math.max(0, age + beside));

const upstream = fc.oneof(
  { weight: 30, arbitrary: fc.constant<Upstream>('fine') },
  {
    weight: 14,
    arbitrary: fc.constantFrom<Upstream>(
      'gewe-refusal',
      'broken',
      'reset',
      'not-listening',
      'rejecting-the-token',
    ),
  },
  // The only outcome that takes time.
  { weight: 1, arbitrary: fc.constant<Upstream>('hanging') },
);

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({ do: fc.constant('ask' as const), ask: anyAsking, upstream }),
  },
  { weight: 16, arbitrary: fc.constant({ do: 'ask-again' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('ask-at-once' as const),
      ask: asking('add', 'accept'),
      callers: fc.integer({ min: 2, max: 12 }),
      how: fc.constantFrom('for-others', 'for-the-same', 'under-one-key'),
      upstream: fc.constantFrom('fine', 'fine', 'fine', 'not-listening'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('come-back' as const),
      ask: asking('add', 'add', 'accept'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.nat(2), fc.nat(2 * MINUTE_MS), fc.nat(3 * HOUR_MS), fc.nat(2 * DAY_MS)),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('wait-for-edge' as const),
      appId,
      nth: fc.nat(12),
      besideMs,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('set-clock-back' as const),
      ms: fc.oneof(fc.nat(2), fc.nat(2 * HOUR_MS), fc.nat(2 * DAY_MS)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('declare' as const), appId, ageMs }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('removeDeclaration' as const), appId }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('restart' as const),
      isAbrupt: fc.boolean(),
      underWay: fc.option(asking('add'), { nil: undefined }),
    }),
  },
);

/** Between 1 and `most` events in sequence; every number is equally likely. */
export function histories(most: number): fc.Arbitrary<Command[]> {
  return fc.noBias(fc.array(command, { minLength: 1, maxLength: most, size: 'max' }));
}

const limit = fc.integer({ min: 1, max: 4 });
/** Gaps shorter than a second, longer than the windows, and as long as the retention of the ledger. */
const gapSeconds = fc.constantFrom(0, 0.5, 60, 3600, 90_000, 604_800);

const perDay = fc
  .tuple(limit, fc.constantFrom(0.25, 1, 7), fc.nat(3), fc.constantFrom(0.5, 7), fc.nat(3))
  .map(([first, day, more, later, evenMore]) => [
    { fromDay: 0, limit: first },
    { fromDay: day, limit: first + more },
    { fromDay: day + later, limit: first + more + evenMore },
  ]);

/** Small numbers, so that histories of some dozen commands meet every rule. */
export const policies: fc.Arbitrary<ModelPolicy> = fc.record({
  addContacts: fc.record({
    accountAge: fc.record({
      minimumHours: fc.constantFrom(0, 1, 72),
      mode: fc.constantFrom('block', 'block', 'warn', 'off'),
      unknown: fc.constantFrom('start-now', 'start-now', 'trust'),
    }),
    add: fc.record({
      perDay,
      perTwoHours: limit,
      minimumGapSeconds: fc.oneof(fc.constant(0), gapSeconds),
      target: fc.record({ perDay: limit, minimumGapSeconds: gapSeconds }),
    }),
    accept: fc.record({ perDay: limit }),
  }),
  accounts: fc
    .constantFrom(-12 * HOUR_MS, 0, 3 * DAY_MS, 7 * DAY_MS - 1, 30 * DAY_MS)
    .map((age) => ({ wx_file: { onlineSince: new Date(START - age).toISOString() } })),
});
