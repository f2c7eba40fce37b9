import type { z } from 'zod';
import { policyFile } from './policy-file.ts';
import { problemsIn } from './file-problems.ts';
import { showName, type Problem } from './problem.ts';
import { parseYaml } from './yaml-file.ts';
import type { Settings } from './settings.ts';

/** The part of the settings that the policy file decides. */
export interface Policy {
  readonly list: Pick<Settings['list'], 'freshForMs' | 'memoryBytes' | 'maxCallsUnderWay'>;
  readonly breaker: Settings['breaker'];
  readonly addContacts: Settings['addContacts'];
  readonly clientRequestsPerMinute: number;
  readonly accounts: Settings['accounts'];
}

const DAY_MS = 86_400_000;
const EXAMPLE = 'the gateway.yaml of the package';

/**
 * The policy out of the text of its file; an empty text is all defaults.
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
  const yaml = parseYaml(text, file);
  if ('problems' in yaml) return yaml;
  const parsed = policyFile.safeParse(withoutEmptySections(yaml.data ?? {}));
  if (!parsed.success) return { problems: problemsIn(file, yaml, parsed.error, EXAMPLE) };

  const policy = inMilliseconds(parsed.data);
  const problems: Problem[] = [];
  for (const [appId, since] of policy.accounts) {
    if (token !== undefined && appId.includes(token)) {
      problems.push({
        setting: 'accounts',
        problem: 'has an account whose appId holds the upstream token',
        remedy: 'Write the appId of the account there: the admin API lists them.',
        file,
        line: yaml.lineOf(['accounts', appId]),
      });
    }
    if (since <= now + DAY_MS) continue;
    problems.push({
      setting: `accounts.${showName(appId)}.onlineSince`,
      problem: 'is in the future',
      remedy: 'Write when the account came online, or remove the entry until it has.',
      file,
      line: yaml.lineOf(['accounts', appId, 'onlineSince']),
    });
  }
  return problems.length > 0 ? { problems } : { policy };
}

/** `accounts:` with all of its lines commented out reads as null, and means what a missing section does. */
function withoutEmptySections(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data;
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null));
}

function inMilliseconds(file: z.output<typeof policyFile>): Policy {
  const { list, breaker, clientRate, accounts } = file;
  const { accountAge, add, accept } = file.addContacts;
  const seconds = (value: number) => Math.round(value * 1000);
  const hours = (value: number) => Math.round(value * 3_600_000);
  return {
    list: {
      freshForMs: seconds(list.freshForSeconds),
      memoryBytes: list.memoryBytes,
      maxCallsUnderWay: list.maxCallsUnderWay,
    },
    breaker: {
      failures: breaker.failures,
      windowMs: seconds(breaker.windowSeconds),
      probeEveryMs: seconds(breaker.probeEverySeconds),
    },
    addContacts: {
      accountAge: {
        minimumMs: hours(accountAge.minimumHours),
        mode: accountAge.mode,
        unknown: accountAge.unknown,
      },
      add: {
        perDay: add.perDay.map(({ fromDay, limit }) => ({
          fromAgeMs: Math.round(fromDay * DAY_MS),
          limit,
        })),
        perTwoHours: add.perTwoHours,
        minimumGapMs: seconds(add.minimumGapSeconds),
        target: {
          perDay: add.target.perDay,
          minimumGapMs: seconds(add.target.minimumGapSeconds),
        },
      },
      accept: { perDay: accept.perDay, warnUnderMs: hours(accept.warnUnderHours) },
    },
    clientRequestsPerMinute: clientRate.requestsPerMinute,
    accounts: new Map(
      Object.entries(accounts).map(([appId, { onlineSince }]) => [appId, Date.parse(onlineSince)]),
    ),
  };
}
