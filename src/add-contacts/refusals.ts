/** The refusals of addContacts, with the facts that a program needs and the sentence that a page can show. Pure. */
import { chinaTime, isTodayInChina } from '../china-time.ts';
import { REFUSALS, Refusal, retryAt } from '../errors.ts';
import type { Standing } from './account-age.ts';
import { limitAt, type QuotaRule, type QuotaUsage } from './rules.ts';

interface ExhaustedQuota {
  readonly rule: QuotaRule;
  /** When the attempt would pass all quotas, milliseconds since the epoch. */
  readonly opensAt: number;
  /** The usage of all quotas that the attempt counts for. */
  readonly usage: readonly QuotaUsage[];
}

/** The refusal of an attempt by a quota. `now` is the time of the decision, milliseconds since the epoch. */
export function exhausted(quota: ExhaustedQuota, now: number): Refusal {
  const { rule, opensAt } = quota;
  const limit = limitAt(rule, now);
  const windowSeconds = rule.windowMs / 1000;
  const opens = retryAt(opensAt, now);
  return new Refusal(
    rule.code,
    `The rule ${rule.name} allows ${limit} in any ${windowSeconds} seconds. Nothing was sent or charged; try again at retryAt.`,
    {
      headers: opens.headers,
      members: { rule: rule.name, limit, windowSeconds, left: 0, ...opens.members },
      msg: exhaustedMsg(quota, limit, now),
    },
  );
}

/** What a sentence about a quota is made of. */
interface Words {
  /** When it opens, such as `明天 09:30`. */
  readonly time: string;
  readonly opensToday: boolean;
  readonly limit: number;
  /** How many the account may still add in its 24 hours. */
  readonly leftOfDay: number;
}

/** By the name of the rule. A window of 24 hours is not a day: one that opens today began yesterday. */
const MSGS: Readonly<Record<string, (words: Words) => string>> = {
  'add-per-day': ({ time, opensToday }) =>
    `${opensToday ? '最近 24 小时' : '今天'}的加人次数已用完，${time} 后可再加`,
  'add-per-two-hours': ({ time, opensToday, leftOfDay }) =>
    opensToday && leftOfDay > 0
      ? `今天还能加 ${leftOfDay} 人；本时段已满，${time} 后可再加`
      : `本时段的加人次数已用完，${time} 后可再加`,
  'add-gap': ({ time }) => `加人太频繁，${time} 后可再加`,
  'target-per-day': ({ time, limit }) => `这个人 24 小时内最多加 ${limit} 次，${time} 后可再加`,
  'target-gap': ({ time }) => `这个人刚加过，${time} 后可再加`,
  'accept-per-day': ({ time, opensToday }) =>
    `${opensToday ? '最近 24 小时' : '今天'}通过好友申请的次数已用完，${time} 后可再通过`,
};

function exhaustedMsg({ rule, opensAt, usage }: ExhaustedQuota, limit: number, now: number) {
  const perDay = usage.find((one) => one.rule.name === 'add-per-day');
  const words = {
    time: chinaTime(opensAt, now),
    opensToday: isTodayInChina(opensAt, now),
    limit,
    leftOfDay: perDay?.left ?? 0,
  };
  return MSGS[rule.name]?.(words) ?? REFUSALS[rule.code].msg;
}

/**
 * The refusal of an account that is too young.
 *
 * @param minimumMs how old it has to be, milliseconds
 * @param quotasOpenAt when every quota has one left for the attempt, milliseconds since the epoch. Before that, `retryAt`
 *   would only lead to the next refusal.
 * @param now milliseconds since the epoch
 */
export function tooYoung(
  standing: Standing,
  minimumMs: number,
  quotasOpenAt: number,
  now: number,
): Refusal {
  const isKnown = standing.kind === 'known';
  const onlineSince = isKnown ? standing.onlineSince : now;
  const minimumHours = minimumMs / 3_600_000;
  const opensAt = Math.max(onlineSince + minimumMs, quotasOpenAt);
  const time = chinaTime(opensAt, now);
  const opens = retryAt(opensAt, now);
  return new Refusal(
    'account-too-young',
    isKnown
      ? `The account must be online for ${minimumHours} hours before it adds people. An operator can declare since when it is online.`
      : 'The upstream does not confirm that this account is online, so its clock has not started. Log it in, or have an operator declare since when it is online.',
    {
      headers: opens.headers,
      members: {
        rule: 'account-age',
        minimumHours,
        onlineSince: isKnown ? new Date(onlineSince).toISOString() : null,
        ...opens.members,
      },
      msg: isKnown
        ? `账号在线未满 ${Number(minimumHours.toFixed(2))} 小时，${time} 后可加人`
        : `尚未确认账号在线，请先登录账号；最早 ${time} 后可加人`,
    },
  );
}
