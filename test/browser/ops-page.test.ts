/** The operators' pages in a real browser: how they look, that they stay up to date, and what can be done from them. */
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import {
  accessibilityProblems,
  describeInBrowser,
  isTooWide,
  launchBrowser,
  LOOKS,
  screenshot,
  visit,
  type Visit,
} from '../support/browser.ts';
import { startBusyGateway } from '../support/busy-gateway.ts';
import { eventually } from '../support/eventually.ts';
import { accountName, fillSqlite } from '../support/many-accounts.ts';
import {
  startGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const OPS_TOKEN = 'ops-token-for-tests-0001';

describeInBrowser('the ops page', () => {
  let browser: Browser;
  let seen: Visit | undefined;
  let own: TestGateway | undefined;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    await seen?.close();
    await own?.stop();
    [seen, own] = [undefined, undefined];
  });

  async function open(origin: string, options: Partial<Parameters<typeof visit>[1]> = {}) {
    seen = await visit(browser, { ...options, origins: [origin] });
    return seen.page;
  }

  async function start(options: TestGatewayOptions = {}): Promise<TestGateway> {
    own = await startGateway(options);
    return own;
  }

  const live = (page: Page) => page.locator('.live.on').waitFor();

  describe('of a working day', () => {
    let gateway: TestGateway;
    beforeAll(async () => {
      ({ gateway } = await startBusyGateway());
    });
    afterAll(() => gateway.stop());

    const looks = LOOKS.map((look, at) => ({ ...look, lang: at % 3 === 0 ? 'en' : 'zh' }));
    test.each(looks)('is without a fault on a $size in $colorScheme, in $lang', async (look) => {
      const page = await open(gateway.opsUrl, look);
      const places = {
        ops: '/',
        'ops-account': '/accounts/wx_sales_02',
        'ops-action': '/accounts/wx_sales_02/online-since',
      };
      for (const [name, path] of Object.entries(places)) {
        await page.goto(`${gateway.opsUrl}${path}?lang=${look.lang}`);
        if (name !== 'ops-action') await live(page);
        if (name === 'ops') await page.locator('#chart-table summary').click();
        expect(await accessibilityProblems(page)).toEqual([]);
        expect(await isTooWide(page)).toBe(false);
        if (name === 'ops') await page.locator('#chart-table summary').click();
        await page.evaluate('document.activeElement.blur(), scrollTo(0, 0)');
        if (name !== 'ops-action') await screenshot(page, name, look);
        if (name !== 'ops') continue;
        await page.evaluate("document.getElementById('accounts-title').scrollIntoView()");
        await screenshot(page, 'ops-accounts', look);
      }
      expect(seen?.problems()).toEqual([]);
    });

    test('can be read with JavaScript off, searched, sorted, and left for an account', async () => {
      const page = await open(gateway.opsUrl, { javaScriptEnabled: false });
      await page.goto(`${gateway.opsUrl}/?lang=en`);
      await page.getByRole('heading', { name: '2 things need you' }).waitFor();
      await page.getByLabel('Part of an appId').fill('s');
      await page.getByLabel('Show').selectOption('stale');
      await page.getByLabel('Sort by').selectOption('list-age');
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByText('1 to 2 of 2 accounts').waitFor();
      await page.getByRole('table', { name: 'Accounts' }).getByRole('link').last().click();
      await page.getByRole('heading', { name: 'wx_sales_02' }).waitFor();
      expect(page.url()).toContain('lang=en');
    });

    test('is used with the keyboard: past the links at the top, with a visible focus', async () => {
      const page = await open(gateway.opsUrl);
      await page.goto(`${gateway.opsUrl}/?lang=en`);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(
        'document.activeElement.textContent + " " + getComputedStyle(document.activeElement).outlineStyle',
      );
      expect(focused).toBe('2 accounts: the last fetch of the list failed. solid');
    });
  });

  test('shows what happens while it is open, and keeps what the reader is doing', async () => {
    const gateway = await start();
    const page = await open(gateway.opsUrl);
    await page.goto(`${gateway.opsUrl}/?lang=en`);
    await live(page);
    await page.getByLabel('Part of an appId').fill('half ty');
    await page.locator('#chart-table summary').click();
    await page.locator('#chart-table summary').focus();
    await gateway.post('fetchContactsList', { appId: 'wx_appears' }).expect(200);
    await page.getByRole('link', { name: 'wx_appears' }).waitFor();
    expect(await page.locator('#chart-table').getAttribute('open')).toBe('');
    expect(await page.evaluate('document.activeElement.parentElement.id')).toBe('chart-table');
    expect(await page.getByLabel('Part of an appId').inputValue()).toBe('half ty');
    expect(seen?.problems()).toEqual([]);
  });

  test('says that it is not live while the gateway is away', async () => {
    const gateway = await start();
    const page = await open(gateway.opsUrl);
    await page.goto(`${gateway.opsUrl}/?lang=en`);
    await live(page);
    await gateway.gateway.stop();
    await page.getByText('Not live').waitFor();
  });

  test('has a stream only while somebody looks', async () => {
    const gateway = await start();
    const page = await open(gateway.opsUrl);
    let [opened, ended] = [0, 0];
    const isStream = (url: string) => url.includes('/events?');
    page.on('request', (one) => void (isStream(one.url()) && opened++));
    page.on('requestfailed', (one) => void (isStream(one.url()) && ended++));
    page.on('requestfinished', (one) => void (isStream(one.url()) && ended++));
    await page.goto(gateway.opsUrl);
    await live(page);
    const turn = (hidden: boolean) =>
      page.evaluate(`
        Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} });
        document.dispatchEvent(new Event('visibilitychange'));`);
    await turn(true);
    expect(await eventually(() => ended === 1)).toBe(true);
    expect(opened).toBe(1);
    await turn(false);
    await live(page);
    expect(opened).toBe(2);
  });

  test('does each action after asking', async () => {
    const gateway = await start();
    await gateway.post('fetchContactsList', { appId: 'wx_a' }).expect(200);
    const page = await open(gateway.opsUrl);
    await page.goto(`${gateway.opsUrl}/accounts/wx_a?lang=en`);
    const act = async (link: string, button: string, fill?: () => Promise<unknown>) => {
      await page.getByRole('link', { name: link }).click();
      await fill?.();
      await page.getByRole('button', { name: button }).click();
      return page.getByRole('status').textContent();
    };

    expect(
      await act('Set online since', 'Set it', async () => {
        await page.getByLabel('Date and time').fill('2026-01-01T08:00');
        await page.getByLabel('Time zone').selectOption('+08:00');
      }),
    ).toBe('Online since was set.');
    await page.getByText('2026-01-01T00:00:00.000Z').waitFor();
    expect(await act('Withdraw online since', 'Withdraw it')).toBe('Online since was withdrawn.');
    expect(await act('Refresh the list now', 'Refresh it')).toContain('A refresh has started.');
    await page.locator('#fetches tbody tr').nth(1).waitFor();
    expect(await act('Forget the list', 'Forget it')).toBe('The list was forgotten.');
    await page.getByText('No list is saved.').waitFor();
    expect(await page.locator('#changes tbody tr').count()).toBe(4);
    expect(seen?.problems()).toEqual([]);
  });

  test('is behind a sign-in, and all open pages end with it', async () => {
    const gateway = await start({ env: { OPS_TOKEN } });
    const page = await open(gateway.opsUrl);
    await page.goto(`${gateway.opsUrl}/?lang=en&q=wx`);
    await page.locator('#token').fill(OPS_TOKEN);
    await page.locator('#name').fill('ALICE');
    await page.locator('button[type=submit]').click();
    await live(page);
    expect(page.url()).toContain('q=wx');
    const second = await page.context().newPage();
    await second.goto(`${gateway.opsUrl}/?lang=en`);
    await live(second);
    await second.getByRole('button', { name: 'Sign out' }).click();
    await second.locator('#token').waitFor();
    await page.locator('#token').waitFor();
    expect(seen?.problems()).toEqual([]);
  });

  test('works below a path that a proxy has put before it', async () => {
    const gateway = await start();
    await gateway.post('fetchContactsList', { appId: 'wx_a' }).expect(200);
    const proxy = await proxyAt('/gewe', gateway.opsUrl);
    try {
      const page = await open(proxy.origin);
      await page.goto(`${proxy.origin}/gewe/?lang=en`);
      await live(page);
      await page.getByRole('link', { name: 'wx_a' }).click();
      await live(page);
      await page.getByRole('link', { name: 'Forget the list' }).click();
      await page.getByRole('button', { name: 'Forget it' }).click();
      await page.getByText('The list was forgotten.').waitFor();
      await page.getByRole('link', { name: 'All accounts' }).click();
      await page.getByRole('link', { name: 'API' }).click();
      expect(page.url()).toBe(`${proxy.origin}/gewe/docs?lang=en`);
      expect(seen?.problems()).toEqual([]);
    } finally {
      await proxy.stop();
    }
  });

  describe('with 20,000 accounts', () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    beforeAll(async () => {
      folder = await temporaryFolder();
      await fillSqlite(join(folder.path, 'gateway.db'), 20_000);
    });
    afterAll(() => folder.remove());

    test('shows them in pages, finds one, and stays live', async () => {
      const store = `sqlite:${join(folder.path, 'gateway.db')}`;
      const gateway = await start({ env: { STORE_URL: store } });
      const page = await open(gateway.opsUrl, { size: 'phone' });
      await page.goto(`${gateway.opsUrl}/?lang=en`);
      await live(page);
      await page.getByText('1 to 50 of 20,000 accounts').waitFor();
      expect(await page.getByRole('rowheader', { name: /^wx_/ }).count()).toBe(50);
      await page.getByRole('link', { name: 'Next' }).click();
      await page.getByText('51 to 100 of 20,000 accounts').waitFor();
      await page.getByLabel('Part of an appId').fill(accountName(19_999));
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByText('1 to 1 of 1 account').waitFor();
      expect(await isTooWide(page)).toBe(false);
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(seen?.problems()).toEqual([]);
    });
  });
});

/** A proxy that serves another origin below a path, as nginx does. */
async function proxyAt(prefix: string, target: string) {
  const { hostname, port } = new URL(target);
  const server: Server = createServer((req, res) => {
    const { method, headers, url = '/' } = req;
    const path = url.slice(prefix.length);
    const outgoing = request({ hostname, port, method, path, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    res.on('close', () => outgoing.destroy());
    outgoing.on('error', () => res.destroy());
    req.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
