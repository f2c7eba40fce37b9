import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  isReconnectDue,
  transition,
  whyUnusable,
  type Availability,
  type ServerEvent,
} from '../../../src/stores/redis/availability.ts';
import { RedisError } from '../../../src/stores/redis/connection.ts';

const gone = new RedisError('there is no connection', false);
const full = new RedisError('OOM command not allowed', false);
const replica = new RedisError("READONLY You can't write against a read only replica.", false);

const unreachable: ServerEvent = { kind: 'unreachable', why: gone };
const refused = (why: RedisError): ServerEvent => ({ kind: 'refused', why });
const probed = (refusal?: RedisError): ServerEvent => ({ kind: 'probed', refusal });

const CONNECTING: Availability = { kind: 'connecting', since: 10 };
const AVAILABLE: Availability = { kind: 'available' };
const REFUSING: Availability = { kind: 'refusing', why: full.problem, since: 10 };
const READ_ONLY: Availability = { kind: 'refusing', why: replica.problem, since: 10 };
const AWAY: Availability = { kind: 'away', why: 'silent', since: 10, hasRefused: false };
const AWAY_REFUSED: Availability = { ...AWAY, hasRefused: true };
const CLOSED: Availability = { kind: 'closed' };

const NOW = 20;
const awayNow = (since: number, hasRefused: boolean): Availability => ({
  kind: 'away',
  why: gone.problem,
  since,
  hasRefused,
});
const refusing = (why: RedisError, since: number): Availability => ({
  kind: 'refusing',
  why: why.problem,
  since,
});

test.each<[string, Availability, ServerEvent, Availability, string[]]>([
  // It cannot be reached.
  ['connecting', CONNECTING, unreachable, awayNow(10, false), ['report-away']],
  ['available', AVAILABLE, unreachable, awayNow(NOW, false), ['report-away']],
  ['refusing', REFUSING, unreachable, awayNow(10, true), []],
  ['away', AWAY, unreachable, awayNow(10, false), []],
  ['away after a refusal', AWAY_REFUSED, unreachable, awayNow(10, true), []],
  // It refuses.
  [
    'connecting',
    CONNECTING,
    refused(full),
    { kind: 'away', why: full.problem, since: 10, hasRefused: true },
    ['report-away'],
  ],
  ['available', AVAILABLE, refused(full), refusing(full, NOW), ['report-away']],
  ['available', AVAILABLE, refused(replica), refusing(replica, NOW), ['report-away', 'reconnect']],
  ['refusing', REFUSING, refused(replica), refusing(replica, 10), []],
  ['away', AWAY, refused(replica), AWAY_REFUSED, ['reconnect']],
  ['away after a refusal', AWAY_REFUSED, refused(replica), AWAY_REFUSED, []],
  // It answers, and takes a write.
  ['connecting', CONNECTING, probed(), AVAILABLE, ['notify-return']],
  ['available', AVAILABLE, probed(), AVAILABLE, []],
  ['refusing', REFUSING, probed(), AVAILABLE, ['report-back', 'notify-return']],
  ['away', AWAY, probed(), AVAILABLE, ['report-back', 'notify-return']],
  // It answers, and takes no write.
  ['connecting', CONNECTING, probed(full), refusing(full, 10), ['report-away', 'notify-return']],
  ['available', AVAILABLE, probed(full), refusing(full, NOW), ['report-away']],
  ['refusing', REFUSING, probed(full), refusing(full, 10), []],
  ['away', AWAY, probed(replica), refusing(replica, 10), ['reconnect', 'notify-return']],
  ['away after a refusal', AWAY_REFUSED, probed(replica), refusing(replica, 10), ['notify-return']],
  // The connection is made anew.
  ['away', AWAY, { kind: 'reconnecting' }, { ...AWAY, since: NOW }, []],
  ['available', AVAILABLE, { kind: 'reconnecting' }, AVAILABLE, []],
  // It is not used any more.
  ['away', AWAY, { kind: 'closed' }, CLOSED, []],
  ['closed', CLOSED, unreachable, CLOSED, []],
  ['closed', CLOSED, refused(replica), CLOSED, []],
  ['closed', CLOSED, probed(), CLOSED, []],
])('a server that is %s: %j and %j lead to %j', (_name, state, event, next, effects) => {
  const after = transition(state, event, NOW);
  expect(after.next).toEqual(next);
  expect(after.effects.map(({ kind }) => kind)).toEqual(effects);
});

describe('over any course of events', () => {
  const events = fc.array(
    fc.constantFrom(unreachable, refused(full), refused(replica), probed(), probed(full)),
  );

  test('an outage is reported once at its beginning and once at its end', () => {
    fc.assert(
      fc.property(events, (course) => {
        let state: Availability = CONNECTING;
        let isReported = false;
        for (const event of course) {
          const { next, effects } = transition(state, event, NOW);
          for (const { kind } of effects) {
            if (kind === 'report-away' || kind === 'report-back') {
              expect(isReported).toBe(kind === 'report-back');
              isReported = kind === 'report-away';
            }
          }
          state = next;
          expect(isReported).toBe(state.kind === 'away' || state.kind === 'refusing');
        }
      }),
    );
  });

  test('a failover causes one new connection at once, and later ones only at intervals', () => {
    fc.assert(
      fc.property(events, (course) => {
        let state: Availability = CONNECTING;
        let reconnects = 0;
        for (const event of course) {
          const { next, effects } = transition(state, event, NOW);
          if (next.kind === 'available') reconnects = 0;
          reconnects += effects.filter(({ kind }) => kind === 'reconnect').length;
          expect(reconnects).toBeLessThanOrEqual(1);
          state = next;
        }
      }),
    );
  });
});

test.each<[string, Availability, string | undefined]>([
  ['connecting', CONNECTING, 'it is not connected yet'],
  ['away', AWAY, 'silent'],
  ['closed', CLOSED, 'it is not used any more'],
  ['refusing', REFUSING, undefined],
  ['available', AVAILABLE, undefined],
])('while it is %s, commands are sent only if they may be carried out', (_name, state, why) => {
  expect(whyUnusable(state)).toBe(why);
});

test.each<[string, Availability, boolean]>([
  ['connecting', CONNECTING, true],
  ['away', AWAY, true],
  ['a replica', READ_ONLY, true],
  ['full', REFUSING, false],
  ['available', AVAILABLE, false],
  ['closed', CLOSED, false],
])('while it is %s for long, a new connection is made if that can help', (_n, state, due) => {
  expect(isReconnectDue(state, 10 + 5001)).toBe(due);
  expect(isReconnectDue(state, 10 + 5000)).toBe(false);
});
