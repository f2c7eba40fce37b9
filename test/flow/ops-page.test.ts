/** The operators' pages over HTTP: what they are served with, what they show, what is done from them, and live updates. */
import { get, type IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { COUNT_BUCKET_MS } from '../../src/history/ports.ts';
import { openMemoryStores } from '../../src/stores/memory.ts';
import { systemClock } from '../../src/time.ts';
import { eventually } from '../support/eventually.ts';
import { httpCall, httpGet, type HttpAnswer } from '../support/http-client.ts';
import { startBusyGateway, type BusyGateway } from '../support/busy-gateway.ts';
import { startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';

let busy: BusyGateway;
let gateway: TestGateway;
beforeAll(async () => {
  busy = await startBusyGateway();
  gateway = busy.gateway;
});
afterAll(() => gateway.stop());

const page = (path: string, at = gateway) => httpGet(at.opsUrl, path);

async function textOf(path: string, at = gateway): Promise<string> {
  return plain((await page(path, at)).body.toString());
}

/** The text of a page as a reader sees it. */
function plain(html: string): string {
  const text = html.replace(/<(?:title|svg)\b.*?<\/(?:title|svg)>/gs, '').replace(/<[^>]*>/g, ' ');
  return text.replace(/\s+/g, ' ');
}

const post = (path: string, form: Record<string, string> = {}, at = gateway) =>
  httpCall(at.opsUrl, {
    path,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: at.opsUrl },
    body: new URLSearchParams(form).toString(),
  });

const appIds = (answer: HttpAnswer) =>
  [...answer.body.toString().matchAll(/role="rowheader">\s*<a[^>]*>([^<]*)</g)].map(([, id]) => id);

describe('a page', () => {
  test.each([
    '/',
    '/accounts/wx_sales_01',
    '/accounts/wx_sales_01/forget-list',
    '/accounts/wx_nobody',
  ])(
    '%s is HTML that nothing may keep or frame, and that needs nothing from elsewhere',
    async (path) => {
      const answer = await page(path);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.headers['cache-control']).toBe('no-store');
      const policy = String(answer.headers['content-security-policy']);
      const directives = policy.split(';').map((one) => one.split(' '));
      expect(
        Object.fromEntries(directives.map(([name, ...rest]) => [name, rest.join(' ')])),
      ).toEqual({
        'default-src': "'none'",
        'style-src': "'self'",
        'script-src': "'self'",
        'img-src': 'data:',
        'connect-src': "'self'",
        'form-action': "'self'",
        'base-uri': "'none'",
        'frame-ancestors': "'none'",
      });
      const html = answer.body.toString();
      expect(html).not.toMatch(/\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=/);
      expect([...html.matchAll(/(?:href|src|action)="(\/|https?:)/g)]).toEqual([]);
    },
  );

  test('says first what is wrong, then what there is', async () => {
    const text = await textOf('/?lang=en');
    expect(text).toMatch(
      /2 things need you.*2 accounts: the last fetch of the list failed\..*2 lists older than 24 hours/,
    );
    expect(text).toMatch(
      /Upstream.*Token OK GEWE accepts it from GEWE_TOKEN.*Store.*memory.*Clients.*1 client configured/,
    );
    expect(text).toMatch(
      /Accounts to look at wx_sales_02 last fetch: timeout list is 1 d 17 h old 13 refusals today/,
    );
    expect(text).toContain('It started at 08:20 UTC; nothing before that is shown.');
    expect(text).toMatch(/test .*upstream-unreachable \d+/);
  });

  test('is in the language of the browser, or the one that its address names', async () => {
    const inChinese = await httpCall(gateway.opsUrl, {
      method: 'GET',
      path: '/',
      headers: { 'Accept-Language': 'zh-CN,zh;q=0.9' },
    });
    expect(inChinese.body.toString()).toContain('<html lang="zh-CN">');
    expect(plain(inChinese.body.toString())).toContain('有 2 件事需要处理');
    expect((await page('/?lang=en')).body.toString()).toContain('<html lang="en">');
    expect((await page('/?lang=zh')).body.toString()).toMatch(
      /href="\.\/accounts\/wx_sales_01\?lang=zh"/,
    );
  });

  test.each(['/ops.css', '/ops.js'])('%s may be kept and is asked for again', async (path) => {
    const { status, headers } = await page(path);
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-cache');
    const again = await httpCall(gateway.opsUrl, {
      method: 'GET',
      path,
      headers: { 'If-None-Match': headers.etag ?? '' },
    });
    expect(again.status).toBe(304);
  });

  test.each(['/', '/accounts/wx_sales_01', '/events', '/ops.js', '/accounts/wx_a/withdraw'])(
    'DELETE %s is 405',
    async (path) => {
      const headers = { Origin: gateway.opsUrl };
      const answer = await httpCall(gateway.opsUrl, { method: 'DELETE', path, headers });
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toContain('GET');
    },
  );

  test('has neither the token nor a key in it', async () => {
    for (const path of [
      '/',
      '/accounts/wx_sales_01',
      `/accounts/${TOKEN}`,
      `/?q=${TOKEN}`,
      `/?${TOKEN}=${TOKEN}`,
      `/accounts/wx_sales_01?done=${TOKEN}&after=${TOKEN}`,
      `/?q=${encodeURIComponent('<b>')}`,
    ]) {
      const html = (await page(path)).body.toString();
      expect(html).not.toContain(TOKEN);
      expect(html).not.toContain('gwk_');
      expect(html).not.toContain('<b>"');
    }
  });
});

test('what callers, GEWE and operators gave is text, wherever it is shown', async () => {
  const stores = openMemoryStores(systemClock, 1_000_000);
  const given = `"'><img src=x onerror=alert(1)>`;
  const [appId, client, target, requestId, at] = ['wx_a', given, given, given, systemClock.now()];
  const facts = { appId, client, subject: given, option: 2, target, requestId } as const;
  await stores.accounts.seen(appId, 1);
  await stores.history.begin({ ...facts, deadlineMs: 1e9 });
  const refusal = { ...facts, code: given as 'add-quota-exhausted', rule: given, at, count: 1 };
  await stores.history.addRefusals([refusal]);
  const [who, before, after] = [given, given, given];
  await stores.history.addAction({ appId, at, who, what: 'declared', before, after, requestId });
  const sizes = { bytes: 1, friends: 1, chatrooms: 1, ghs: 1 };
  const fetch = { appId, at, durationMs: 1, outcome: 'list', ...sizes, requestId } as const;
  await stores.history.addFetches([fetch]);
  const bucket = at - (at % COUNT_BUCKET_MS);
  await stores.history.addCounts([{ client, code: given, bucket, count: 1 }]);
  const warned = { ...stores, warnings: () => [given as 'store-may-evict'] };
  const hostile = await startGateway({
    overrides: { stores: warned },
  });
  try {
    const escaped = '&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;';
    for (const [path, times] of [
      ['/', 8],
      [`/?q=${encodeURIComponent(given)}`, 9],
      ['/accounts/wx_a', 14],
    ] as const) {
      const text = (await page(path, hostile)).body.toString();
      expect(text).not.toContain('<img');
      expect([path, text.split(escaped).length - 1]).toEqual([path, times]);
    }
  } finally {
    await hostile.stop();
  }
});

describe('the table of accounts', () => {
  test('has age, quotas with the next opening, list and fetches of each account', async () => {
    const text = await textOf('/?lang=en&q=SALES_02');
    expect(text).toMatch(
      /wx_sales_02 .*16 d set by an operator .*4 of 15 next 14:39 .*200 of 200 .*1 d 17 h ago 212 KiB, live .*12 s .*3 min ago 13 refusals today/,
    );
  });

  test.each([
    ['q=support', ['wx_support_01', 'wx_support_02']],
    ['filter=stale&sort=list-age&order=desc', ['wx_sales_02', 'wx_support_01']],
    ['filter=refused-today', ['wx_fresh', 'wx_sales_02', 'wx_sales_03']],
    ['filter=stale&sort=list-bytes', ['wx_sales_02', 'wx_support_01']],
    ['q=nothing', []],
  ])('%s shows what was asked for', async (query, expected) => {
    expect(appIds(await page(`/?${query}`))).toEqual(expected);
  });

  test('escapes what was searched for, and keeps it in the form', async () => {
    const html = (await page(`/?lang=en&q=${encodeURIComponent('"><i>x')}`)).body.toString();
    expect(html).toContain('value="&quot;&gt;&lt;i&gt;x"');
    expect(html).not.toContain('<i>');
  });

  test('has fifty accounts a page, and links to the others', async () => {
    const stores = openMemoryStores(systemClock, 1_000_000);
    for (let at = 100; at < 220; at++) await stores.accounts.seen(`wx_${at}`, 1);
    const many = await startGateway({ overrides: { stores } });
    try {
      const second = await page('/?lang=en&page=2&q=wx', many);
      expect(appIds(second)).toHaveLength(50);
      expect(appIds(second)[0]).toBe('wx_150');
      const html = second.body.toString();
      expect(plain(html)).toContain('51 to 100 of 120 accounts');
      expect(html).toContain('href="./?q=wx&amp;lang=en#accounts-title"');
      expect(html).toContain('href="./?q=wx&amp;page=3&amp;lang=en#accounts-title"');
      expect(appIds(await page('/?page=99', many))).toHaveLength(20);
    } finally {
      await many.stop();
    }
  });
});

describe('the page of an account', () => {
  test('has its state, attempts with client and reason, fetches and changes', async () => {
    const text = await textOf('/accounts/wx_sales_02?lang=en');
    expect(text).toMatch(/Cannot add right now · opens 14:39 \(19 min\)/);
    expect(text).toMatch(/Adds in 2 hours .*0 of 8 14:39/);
    expect(text).toMatch(
      /2026-06-01 14:17:00 refused add-quota-exhausted add-per-two-hours 1 test – add p\w+ refused-6/,
    );
    expect(text).toMatch(/2026-06-01 13:58:00 sent ret 200 1 test alice add p\w+ add-10/);
    expect(text).toMatch(/2026-06-01 14:18:00 timeout 12 s –/);
  });

  test('has links to older attempts and back to the newest', async () => {
    const stores = openMemoryStores(systemClock, 1_000_000);
    await stores.accounts.seen('wx_a', 1);
    for (let at = 0; at < 60; at++) {
      await stores.history.begin({
        appId: 'wx_a',
        client: 'crm',
        subject: undefined,
        option: 2,
        target: 't',
        requestId: `r-${at}-`,
        deadlineMs: 1e9,
      });
    }
    const many = await startGateway({ overrides: { stores } });
    try {
      const html = (await page('/accounts/wx_a', many)).body.toString();
      expect(html).toContain('r-10-');
      expect(html).not.toContain('r-9-');
      const [, older = ''] = /rel="next"\s+href="([^"]*)"/.exec(html) ?? [];
      const next = await textOf(
        new URL(older, `${many.opsUrl}/accounts/wx_a`).pathname +
          new URL(older, `${many.opsUrl}/accounts/wx_a`).search,
        many,
      );
      expect(next).toContain('r-9-');
      expect(next).not.toContain('r-10-');
    } finally {
      await many.stop();
    }
  });

  test.each(['wx_nobody', 'a'.repeat(129), '%3Cb%3E'])(
    'is a friendly 404 for %s',
    async (appId) => {
      const answer = await page(`/accounts/${appId}?lang=en`);
      expect(answer.status).toBe(404);
      expect(plain(answer.body.toString())).toContain('No such account');
      expect(answer.body.toString()).not.toContain('<b>');
    },
  );
});

describe('an action', () => {
  const actions = async (appId: string) =>
    (await httpGet(gateway.opsUrl, `/admin/accounts/${appId}/actions`)).json()['actions'];

  test.each([
    ['online-since', /The age of the account counts from this time/],
    ['withdraw', /The time that an operator set is removed/],
    ['refresh-list', /GEWE is asked for the list now/],
    ['forget-list', /The saved list is deleted/],
  ])('%s asks first, and says what will happen', async (action, consequence) => {
    const answer = await page(`/accounts/wx_market_01/${action}?lang=en`);
    expect(answer.status).toBe(200);
    expect(plain(answer.body.toString())).toMatch(consequence);
    expect(answer.body.toString()).toContain(`<form method="post" action="${action}?lang=en">`);
  });

  test('leads back with a notice that is one of a few', async () => {
    const none = await textOf('/accounts/wx_sales_01?lang=en');
    for (const done of ['constructor', '<b>', 'x']) {
      const text = await textOf(`/accounts/wx_sales_01?done=${encodeURIComponent(done)}&lang=en`);
      expect(text.length).toBe(none.length);
    }
  });

  test('sets and withdraws online since, leads back with a notice, and is journaled', async () => {
    const done = await post('/accounts/wx_support_02/online-since?lang=en', {
      at: '2026-01-02T08:00',
      zone: '+08:00',
    });
    expect(done.status).toBe(303);
    expect(done.headers.location).toBe('../../accounts/wx_support_02?done=declared&lang=en');
    expect(await textOf('/accounts/wx_support_02?done=declared&lang=en')).toContain(
      'Online since was set.',
    );

    const undone = await post('/accounts/wx_support_02/withdraw');
    expect(undone.headers.location).toBe('../../accounts/wx_support_02?done=withdrawn');
    expect(await actions('wx_support_02')).toMatchObject([
      { who: 'loopback', what: 'withdrawn', before: '2026-01-02T00:00:00.000Z', after: null },
      { who: 'loopback', what: 'declared', before: null, after: '2026-01-02T00:00:00.000Z' },
    ]);
    expect(await textOf('/accounts/wx_support_02?lang=en')).toMatch(
      /loopback withdrew online since/,
    );
    expect(await textOf('/?lang=en')).toMatch(/loopback wx_support_02 withdrew online since/);
    expect((await page('/')).body.toString()).toContain('href="./admin/actions?limit=1000"');
  });

  test('forgets a list', async () => {
    const done = await post('/accounts/wx_support_01/forget-list');
    expect(done.headers.location).toContain('done=forgotten');
    expect(await textOf('/accounts/wx_support_01?lang=en')).toContain('No list is saved.');
  });

  test('refreshes a list', async () => {
    const done = await post('/accounts/wx_market_01/refresh-list');
    expect(done.headers.location).toContain('done=started');
    const asked = () =>
      gateway.simulator.calls.some(
        ({ appId, operation }) =>
          appId === 'wx_market_01' && operation.endsWith('fetchContactsList'),
      );
    expect(await eventually(asked)).toBe(true);
  });

  test('with a time in the future, or none, comes back with the form and changes nothing', async () => {
    for (const at of ['2999-01-01T00:00', '']) {
      const answer = await post('/accounts/wx_sales_03/online-since?lang=en', { at, zone: 'Z' });
      expect(answer.status).toBe(400);
      expect(plain(answer.body.toString())).toContain(
        'Give a date and time that is not in the future.',
      );
    }
    expect(await actions('wx_sales_03')).toEqual([]);
  });

  test('can set online since of an account that was never seen, which the notice says', async () => {
    expect(await textOf('/accounts/wx_typo/online-since?lang=en')).toContain(
      'never seen this account',
    );
    const done = await post('/accounts/wx_typo/online-since', {
      at: '2026-01-01T00:00',
      zone: 'Z',
    });
    expect(done.headers.location).toContain('done=declared-never-seen');
  });

  test.each(['online-since', 'withdraw', 'refresh-list', 'forget-list'])(
    '%s needs a form of its own page',
    async (action) => {
      const port = Number(new URL(gateway.opsUrl).port);
      const otherPort = `http://127.0.0.1:${port + 1}`;
      for (const Origin of [undefined, 'null', 'http://evil.test', otherPort]) {
        const answer = await httpCall(gateway.opsUrl, {
          path: `/accounts/wx_sales_01/${action}`,
          headers: {
            'Content-Type': 'application/x-www-form-urlencoded',
            ...(Origin !== undefined && { Origin }),
          },
          body: 'at=2026-01-01T00%3A00&zone=Z',
        });
        expect([Origin, answer.status]).toEqual([Origin, 403]);
      }
      expect(await actions('wx_sales_01')).toEqual([]);
    },
  );
});

test('with the store away the page says so, and shows the rest', async () => {
  const stores = openMemoryStores(systemClock, 1_000_000);
  const away = () => Promise.reject(new Error('away'));
  const failing = {
    ...stores,
    check: away,
    accounts: { ...stores.accounts, list: away, find: away },
    history: {
      ...stores.history,
      countsSince: away,
      attempts: away,
      fetches: away,
      actions: away,
      allActions: away,
    },
  };
  const broken = await startGateway({ overrides: { stores: failing } });
  try {
    const text = await textOf('/?lang=en', broken);
    expect(text).toMatch(/1 thing needs you The store is away/);
    expect(text).toMatch(/Accounts .*The store cannot be read right now/);
    expect(await textOf('/accounts/wx_a?lang=en', broken)).toContain(
      'The store cannot be read right now',
    );
  } finally {
    await broken.stop();
  }
});

describe('live updates', () => {
  const open: IncomingMessage[] = [];
  afterEach(() => open.splice(0).forEach((res) => res.destroy()));

  async function listen(at: TestGateway, path = '/events?view=%2F', headers = {}) {
    const res = await new Promise<IncomingMessage>((resolve, reject) => {
      get(at.opsUrl + path, { headers, agent: false }, resolve).on('error', reject);
    });
    open.push(res);
    const stream = { res, text: '', isOver: false };
    res.setEncoding('utf8').on('data', (chunk: string) => (stream.text += chunk));
    res.on('end', () => (stream.isOver = true));
    res.on('error', () => undefined);
    return stream;
  }
  const regions = (text: string) =>
    JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '{}') as Record<string, string>;

  test('are a stream that nothing on the way keeps, changes or holds back', async () => {
    const stream = await listen(gateway, '/events?view=%2F%3Fq%3Dsupport%26lang%3Den');
    expect(stream.res.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(await eventually(() => stream.text.includes('\n\nevent: regions\n'))).toBe(true);
    expect(stream.text).toMatch(/^retry: \d+\n\n/);
    const sent = regions(stream.text);
    expect(Object.keys(sent).sort()).toEqual([
      'accounts',
      'changes',
      'charts',
      'clients',
      'needs',
      'sentence',
      'tiles',
      'updated',
      'worst',
    ]);
    expect(plain(sent['accounts'] ?? '')).toMatch(/wx_support_01.*wx_support_02/);
    expect(sent['accounts']).not.toContain('wx_sales');
  });

  test('of an account are its own regions', async () => {
    const stream = await listen(gateway, '/events?view=%2Faccounts%2Fwx_sales_02');
    expect(await eventually(() => stream.text.includes('event: regions'))).toBe(true);
    expect(Object.keys(regions(stream.text)).sort()).toEqual([
      'attempts',
      'changes',
      'fetches',
      'state',
      'updated',
    ]);
  });

  test('cannot be asked for with HEAD, which would never end', async () => {
    const head = await httpCall(gateway.opsUrl, { method: 'HEAD', path: '/events?view=%2F' });
    expect(head.status).toBe(405);
  });

  test('of no view are 404', async () => {
    expect((await page('/events?view=%2Fmetrics')).status).toBe(404);
  });

  test('are for a hundred pages at once; the next is told to come later', async () => {
    const streams = await Promise.all(
      Array.from({ length: 100 }, () => listen(gateway, '/events?view=%2Faccounts%2Fwx_fresh')),
    );
    const refused = await page('/events?view=%2F');
    expect(refused.status).toBe(503);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    streams[0]?.res.destroy();
    const status = async () => {
      const next = await listen(gateway, '/events?view=%2Faccounts%2Fwx_fresh');
      return next.res.statusCode;
    };
    expect(await eventually(async () => (await status()) === 200)).toBe(true);
  });

  test('end when the gateway stops, and do not hold it up', async () => {
    const other = await startGateway();
    const stream = await listen(other);
    expect(await eventually(() => stream.text.includes('event: regions'))).toBe(true);
    await other.stop();
    expect(await eventually(() => stream.isOver)).toBe(true);
  });

  test('end with the sign-in, and say so', async () => {
    const other = await startGateway({ env: { OPS_TOKEN: 'ops-token-for-tests-0001' } });
    try {
      const form = { token: 'ops-token-for-tests-0001', name: 'ALICE' };
      const signedIn = await post('/sign-in', form, other);
      const cookie = signedIn.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
      const stream = await listen(other, '/events?view=%2F', { Cookie: cookie });
      expect(await eventually(() => stream.text.includes('event: regions'))).toBe(true);
      await httpCall(other.opsUrl, {
        path: '/sign-out',
        headers: { Cookie: cookie, Origin: other.opsUrl },
      });
      expect(await eventually(() => stream.isOver)).toBe(true);
      expect(stream.text).toContain('event: signed-out');
      expect((await page('/events?view=%2F', other)).status).toBe(401);
    } finally {
      await other.stop();
    }
  });
});
