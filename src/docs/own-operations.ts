/** The operations that are the gateway's own. */
import { z } from 'zod';

const instant = z.iso.datetime();

/** The answer of POST /sessions. */
export const session = z
  .looseObject({
    id: z.string(),
    token: z.string().regex(/^gws_/).describe('Goes where a key goes. It is shown only here.'),
    expiresAt: instant,
    appIds: z.array(z.string()),
    operations: z.array(z.string()),
  })
  .meta({ id: 'Session' });

export const sessionRequestExample = {
  appIds: ['wx_sales_1'],
  operations: ['read', 'addContacts'],
  ttlSeconds: 900,
  subject: 'alice',
};

export const sessionExample = {
  id: '7d9f1c52-3b0e-4a77-9a51-5c0f5e2b8d14',
  token: 'gws_EXAMPLE',
  expiresAt: '2026-11-28T08:31:00.000Z',
  appIds: ['wx_sales_1'],
  operations: ['read', 'addContacts'],
};

const quota = z.looseObject({
  name: z.string(),
  limit: z.int(),
  windowSeconds: z.number(),
  left: z.int(),
  opensAt: instant.nullable().describe('`null` while something is left.'),
});

const savedList = z.looseObject({
  savedAt: instant,
  ageSeconds: z.number(),
  friends: z.int().describe('How many.'),
  chatrooms: z.int(),
  ghs: z.int(),
  source: z.string(),
});

/** The answer of GET /accounts/{appId}. */
export const account = z
  .looseObject({
    appId: z.string(),
    state: z.enum(['known', 'unknown']),
    now: instant,
    onlineSince: instant.nullable(),
    canAddNow: z.boolean(),
    nextAddAt: instant
      .nullable()
      .describe(
        'The first instant at which a friend request to a new person would pass: age, quotas and gap together. `null` if it would pass now, or if the account is unknown.',
      ),
    opensInSeconds: z.number().nullable(),
    quotas: z.array(quota),
    list: savedList.nullable().describe('The saved contact list; `null` if there is none.'),
  })
  .meta({ id: 'Account' });

export const accountExample = {
  appId: 'wx_sales_1',
  state: 'known',
  now: '2026-11-27T08:31:00.000Z',
  onlineSince: '2026-11-01T00:00:00.000Z',
  canAddNow: false,
  nextAddAt: '2026-11-27T08:31:40.000Z',
  opensInSeconds: 40,
  quotas: [
    {
      name: 'add-gap',
      limit: 1,
      windowSeconds: 60,
      left: 0,
      opensAt: '2026-11-27T08:31:40.000Z',
    },
    { name: 'add-per-day', limit: 15, windowSeconds: 86_400, left: 11, opensAt: null },
  ],
  list: {
    savedAt: '2026-11-27T08:25:48.000Z',
    ageSeconds: 312,
    friends: 1204,
    chatrooms: 17,
    ghs: 42,
    source: 'live',
  },
};

export const health = z.looseObject({ status: z.literal('ok') });

export const readiness = z.looseObject({
  status: z.enum(['ready', 'not-ready']),
  notReady: z.array(z.string()).describe('The parts that are not ready: store, token, draining.'),
  breaker: z
    .enum(['closed', 'open'])
    .describe(
      '`open` while GEWE as a whole is held to be down. The gateway is ready all the same.',
    ),
  warnings: z.array(z.unknown()).optional(),
});
