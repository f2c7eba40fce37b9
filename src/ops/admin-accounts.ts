import express, { Router, type RequestHandler, type Response } from 'express';
import { onlineSinceOf } from '../add-contacts/account-age.ts';
import type { Accounts } from '../add-contacts/accounts.ts';
import type { AddService } from '../add-contacts/add-service.ts';
import type { AddContactsPolicy } from '../add-contacts/policy.ts';
import type { AccountRegister } from '../add-contacts/ports.ts';
import type { QuotaUsage } from '../add-contacts/rules.ts';
import type { Clock } from '../clock.ts';
import { Refusal } from '../errors.ts';
import { refusalOfBodyError } from '../pipeline/body-errors.ts';
import { send } from '../pipeline/send.ts';
import { appIdOf, iso, methodsOnly, sendObject } from './admin-requests.ts';

interface AdminAccountsParts {
  readonly register: AccountRegister;
  readonly accounts: Pick<Accounts, 'standing'>;
  readonly addService: Pick<AddService, 'usage'>;
  readonly policy: AddContactsPolicy;
  readonly declared: ReadonlyMap<string, number>;
  readonly clock: Clock;
}

const BODY_LIMIT_BYTES = 10_000;
const PAGE = 100;

/** `/admin/accounts`: since when accounts are online, and what is left of their quotas. */
export function adminAccounts(parts: AdminAccountsParts): Router {
  const { register, accounts, addService, policy, declared, clock } = parts;
  const router = Router();

  /** An account's clock and quotas; undefined for one that nobody declared and the gateway never saw. */
  async function describe(appId: string): Promise<Record<string, unknown> | undefined> {
    const standing = await accounts.standing(appId);
    const record = await register.find(appId);
    if (record === undefined && !declared.has(appId)) return undefined;
    const now = clock.now();
    const onlineSince = onlineSinceOf(standing, now);
    const isKnown = standing.kind === 'known';
    const opensAt = isKnown ? standing.onlineSince + policy.accountAge.minimumMs : undefined;
    return {
      appId,
      onlineSince: isKnown ? iso(onlineSince) : null,
      declaredBy: isKnown && standing.by === 'operator' ? declaredBy(record) : null,
      firstSeenAt: iso(record?.firstSeenAt),
      ageHours: isKnown ? Math.floor((now - standing.onlineSince) / 36_000) / 100 : null,
      addOpensAt: iso(opensAt),
      quotas: (await addService.usage(appId, 'all', standing)).map(describeUsage),
    };
  }

  async function sendAccount(res: Response, appId: string): Promise<void> {
    const account = await describe(appId);
    if (account === undefined) throw new Refusal('not-found', 'Nothing is known of this account.');
    sendObject(res, account);
  }

  router
    .route('/')
    .get(async (req, res) => {
      const after = typeof req.query['after'] === 'string' ? req.query['after'] : undefined;
      const page = await register.list(after, PAGE);
      const list = page.map((record) => ({
        appId: record.appId,
        declaredOnlineSince: iso(record.declaredOnlineSince ?? declared.get(record.appId)),
        firstSeenAt: iso(record.firstSeenAt),
      }));
      const next = page.length === PAGE ? page.at(-1)?.appId : undefined;
      sendObject(res, { accounts: list, next: next ?? null });
    })
    .all(methodsOnly('GET'));

  router
    .route('/:appId')
    .get(async (req, res) => sendAccount(res, appIdOf(req)))
    .put(readJson, async (req, res) => {
      const appId = appIdOf(req);
      await register.declare(appId, readOnlineSince(req.body, clock.now()));
      await sendAccount(res, appId);
    })
    .delete(async (req, res) => {
      const appId = appIdOf(req);
      if (!(await register.forget(appId))) {
        throw new Refusal('not-found', 'Nothing is known of this account.');
      }
      send(res, 204, 'application/json', Buffer.alloc(0));
    })
    .all(methodsOnly('GET, PUT, DELETE'));

  return router;
}

const json = express.json({ limit: BODY_LIMIT_BYTES });
const readJson: RequestHandler = (req, res, next) =>
  json(req, res, (error?: unknown) =>
    next(error === undefined ? undefined : refusalOfBodyError(error, BODY_LIMIT_BYTES)),
  );

function declaredBy(record: { declaredOnlineSince: number | undefined } | undefined) {
  return record?.declaredOnlineSince === undefined ? 'policy-file' : 'admin-api';
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
  const value = (body as { onlineSince?: unknown } | undefined)?.onlineSince;
  const withZone = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;
  const instant = typeof value === 'string' && withZone.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(instant) || instant > now) {
    throw new Refusal(
      'invalid-body',
      'Send {"onlineSince": "2026-01-01T00:00:00Z"}: ISO 8601 with a zone, not in the future.',
    );
  }
  return instant;
}
