import { Router, type Response } from 'express';
import { z } from 'zod';
import { declaredBy } from '../../add-contacts/account-age.ts';
import type { AccountViews } from '../../add-contacts/account-view.ts';
import type { AddContactsPolicy } from '../../add-contacts/policy.ts';
import type { AccountRegister } from '../../add-contacts/ports.ts';
import type { QuotaUsage } from '../../add-contacts/rules.ts';
import type { Clock } from '../../time.ts';
import { Refusal } from '../../errors.ts';
import { scopeOf } from '../../http/request-scope.ts';
import { sendNoContent } from '../../http/send.ts';
import { APP_ID, jsonBody } from '../../http/body.ts';
import type { AccountChanges } from '../account-changes.ts';
import { cut, readPage } from './query.ts';
import { appIdOf, iso, methodsOnly, operatorOf, sendObject } from './requests.ts';

interface AdminAccountsParts {
  readonly register: Pick<AccountRegister, 'list'>;
  readonly accountViews: AccountViews;
  readonly policy: AddContactsPolicy;
  readonly declared: ReadonlyMap<string, number>;
  readonly changes: Pick<AccountChanges, 'declare' | 'withdraw'>;
  readonly clock: Clock;
}

/** The same as an account's entry in the policy file. */
const DECLARATION = z.strictObject({ onlineSince: z.iso.datetime({ offset: true }) });
const BODY_LIMIT_BYTES = 10_000;

const NEVER_SEEN =
  'The gateway has never seen this account: GEWE has not confirmed any call for it. Check the appId for a typo.';

/** `/admin/accounts`: since when accounts have been online, and what is left of their quotas. */
export function adminAccounts(parts: AdminAccountsParts): Router {
  const { register, accountViews, policy, declared, changes, clock } = parts;
  const router = Router();

  /** An account's age and quotas; undefined if it was never seen and never declared. */
  async function describe(appId: string): Promise<Record<string, unknown> | undefined> {
    const { isKnown, standing, record, usage, nextAddAt, now } = await accountViews.view(appId);
    if (!isKnown) return undefined;
    const known = standing.kind === 'known' ? standing : undefined;
    const waitMs = policy.accountAge.mode === 'block' ? policy.accountAge.minimumMs : 0;
    return {
      appId,
      onlineSince: iso(known?.onlineSince),
      declaredBy: known?.by === 'operator' ? declaredBy(record) : null,
      firstSeenAt: iso(record?.firstSeenAt),
      ageHours: known ? Math.floor((now - known.onlineSince) / 36_000) / 100 : null,
      addOpensAt: iso(known && known.onlineSince + waitMs),
      nextAddAt: iso(nextAddAt),
      quotas: usage.map(describeUsage),
    };
  }

  /** Accounts that were seen, or declared here or in the policy file, in the order of their appIds. */
  async function knownAfter(after = '', limit: number) {
    const records = await register.list(after, limit);
    const recordOf = new Map(records.map((record) => [record.appId, record]));
    const inPolicyFile = [...declared.keys()].filter((appId) => appId > after);
    const appIds = [...new Set([...recordOf.keys(), ...inPolicyFile])].sort().slice(0, limit);
    return appIds.map((appId) => {
      const record = recordOf.get(appId);
      return {
        appId,
        declaredOnlineSince: iso(record?.declaredOnlineSince ?? declared.get(appId)),
        firstSeenAt: iso(record?.firstSeenAt),
      };
    });
  }

  async function sendAccount(res: Response, appId: string, warning?: string): Promise<void> {
    const account = await describe(appId);
    if (account === undefined)
      throw new Refusal('not-found', 'This account is not known.', { msg: '没有该账号的记录' });
    sendObject(res, { ...account, warning });
  }

  router
    .route('/')
    .get(async (req, res) => {
      const { after, limit } = readPage(req, APP_ID);
      const known = await knownAfter(after, limit + 1);
      const { page, next } = cut(known, limit, ({ appId }) => appId);
      sendObject(res, { accounts: page, next });
    })
    .all(methodsOnly('GET, HEAD'));

  router
    .route('/:appId')
    .get(async (req, res) => sendAccount(res, appIdOf(req, res)))
    .put(async (req, res) => {
      const appId = appIdOf(req, res);
      const { json } = await jsonBody(req, scopeOf(res).holdsSecret, BODY_LIMIT_BYTES);
      const onlineSince = readOnlineSince(json, clock.now());
      const { neverSeen } = await changes.declare(operatorOf(res), appId, onlineSince);
      await sendAccount(res, appId, neverSeen ? NEVER_SEEN : undefined);
    })
    .delete(async (req, res) => {
      if (!(await changes.withdraw(operatorOf(res), appIdOf(req, res)))) {
        throw new Refusal('not-found', 'This account was not declared here.', {
          msg: '没有登记过该账号的上线时间',
        });
      }
      sendNoContent(res);
    })
    .all(methodsOnly('GET, HEAD, PUT, DELETE'));

  return router;
}

function describeUsage({ rule, limit, left, opensAt }: QuotaUsage): Record<string, unknown> {
  return {
    name: rule.name,
    limit,
    windowSeconds: rule.windowMs / 1000,
    left,
    opensAt: iso(opensAt),
  };
}

function readOnlineSince(body: unknown, now: number): number {
  const declaration = DECLARATION.safeParse(body);
  const instant = declaration.success ? Date.parse(declaration.data.onlineSince) : NaN;
  // Written this way round, it also refuses NaN.
  if (!(instant <= now)) {
    throw new Refusal(
      'invalid-body',
      'Send {"onlineSince": "2026-01-01T00:00:00Z"}: ISO 8601 with a zone, not in the future.',
    );
  }
  return instant;
}
