/** examples/browser in a real browser: from the sign-in to the list, a refusal, and the countdown to the next add. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { setStage, type Stage } from '../../examples/browser/stage.ts';
import {
  accessibilityProblems,
  describeInBrowser,
  isTooWide,
  launchBrowser,
  LOOKS,
  screenshot,
  visit,
  type Visit,
  type Look,
} from '../support/browser.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';

describeInBrowser('the example front end', () => {
  let browser: Browser;
  let clock: MovableClock;
  let stage: Stage;
  let seen: Visit;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    clock = movableClock();
    // Long enough on any machine for a list that is not late.
    stage = await setStage({ clock, listDeadlineMs: 30_000 });
  });
  afterEach(async () => {
    await seen.close();
    await stage.close();
  });

  async function open(look: Partial<Look> = {}): Promise<void> {
    const origins = [stage.url, stage.gatewayUrl];
    seen = await visit(browser, { ...look, origins, now: clock.now() });
    page = seen.page;
    await page.goto(stage.url);
  }

  async function signIn(user = 'alice'): Promise<void> {
    await page.getByLabel('用户').selectOption(user);
    await page.getByRole('button', { name: '登录' }).click();
    await page.getByRole('heading', { name: '通讯录' }).waitFor();
  }

  /** Lets time pass for the gateway and for the page. */
  async function pass(seconds: number): Promise<void> {
    clock.advance(seconds * 1000);
    await page.clock.runFor(seconds * 1000);
  }

  const send = () => page.getByRole('button', { name: '发送好友申请' });
  const left = (text: string) => page.getByRole('timer').getByText(text, { exact: true }).waitFor();
  const state = (text: string) => page.locator('#state').getByText(text, { exact: true }).waitFor();
  const said = (text: string | RegExp) => page.getByText(text).first().waitFor();

  async function find(whom: string): Promise<void> {
    await page.getByLabel('微信号或手机号').fill(whom);
    await page.getByRole('button', { name: '查找' }).click();
    await said(`找到：昵称 ${whom}`);
  }

  async function add(whom: string): Promise<void> {
    await find(whom);
    await send().click();
  }

  const adds = () =>
    stage.simulator.calls.filter(({ operation }) => operation === 'contacts/addContacts');

  test.each(LOOKS)(
    'shows the list, what is left, a refusal and its countdown on a $size in $colorScheme, without a fault',
    async (look) => {
      await open(look);
      await page.getByRole('heading', { name: '登录' }).waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);

      await signIn();
      await page.getByText('实时', { exact: true }).waitFor();
      await said('陈晓梅');
      await said('共 26 个');
      await state('现在可以添加');
      await said('还剩 15 / 15');
      expect(await accessibilityProblems(page)).toEqual([]);

      await add('13800000001');
      await said('好友申请已发送');
      await said('还剩 14 / 15');
      await left('01:00');
      expect(await send().isDisabled()).toBe(true);
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
      await page.evaluate('scrollTo(0, 0)');
      await screenshot(page, 'example', look);
      expect(seen.problems()).toEqual([]);
    },
  );

  test('an add is off until the gap is over, counts down to it, and is on then', async () => {
    await open();
    await signIn();
    await add('13800000001');
    await said('好友申请已发送');
    await left('01:00');
    await pass(59);
    await left('00:01');
    expect(await send().isDisabled()).toBe(true);

    await pass(1);
    await state('现在可以添加');
    await add('13800000002');
    await page.getByText('还剩 13 / 15').waitFor();
    expect(adds()).toHaveLength(2);
    expect(seen.problems()).toEqual([]);
  });

  test('a refusal is shown in the words of the gateway, and sends nothing', async () => {
    await open();
    await signIn();
    await state('现在可以添加');
    await find('13800000001');
    // Somebody else uses up the gap meanwhile, so the button is on and the gateway refuses.
    await addElsewhere();
    const refused = page.waitForResponse((answer) => answer.status() === 429);
    await send().click();
    const { msg } = (await (await refused).json()) as { msg: string };
    expect(msg).toMatch(/\p{sc=Han}/u);
    await page.locator('#result').getByText(msg, { exact: true }).waitFor();
    await said('错误码 add-too-soon');
    await left('01:00');
    expect(await page.evaluate('document.activeElement.id')).toBe('result');
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(adds()).toHaveLength(1);
    expect(seen.problems(429)).toEqual([]);
  });

  /** Another page of the same user. */
  async function addElsewhere(): Promise<void> {
    const other = await seen.page.context().newPage();
    await other.goto(stage.url);
    await other.getByLabel('微信号或手机号').fill('13900000009');
    await other.getByRole('button', { name: '查找' }).click();
    await other.getByText('找到：昵称 13900000009').waitFor();
    await other.getByRole('button', { name: '发送好友申请' }).click();
    await other.getByText('好友申请已发送').waitFor();
    await other.close();
  }

  test('a young account cannot add anybody, and the page says from when it can', async () => {
    await open();
    await signIn();
    await page.getByLabel('账号').selectOption('wx_sales_2');
    await state('暂时不能添加，6月2日 08:00 开放');
    await left('1 天 00:00:00');
    expect(await send().isDisabled()).toBe(true);
    expect(seen.problems()).toEqual([]);
  });

  test('a list that comes too late is replaced by the saved one, with its age and the reason', async () => {
    await stage.close();
    stage = await setStage({ clock, listDeadlineMs: 200 });
    await fetch(`${stage.gatewayUrl}/contacts/fetchContactsList`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${stage.gatewayKey}`,
        'Content-Type': 'application/json',
        Prefer: 'wait=60',
      },
      body: JSON.stringify({ appId: 'wx_support_1' }),
    });
    clock.advance(180_000);
    await open({ size: 'phone' });
    await signIn('bob');
    await page.getByText('3 分钟前保存的名单', { exact: true }).waitFor();
    await said('共 320 个');
    await page.getByRole('button', { name: '刷新' }).click();
    await said('3 分钟前保存的名单，GEWE 没有及时响应');
    await said('共 320 个');
    expect(seen.problems()).toEqual([]);
  });

  test('a filter finds people by name and by wxid', async () => {
    await open();
    await signIn();
    await said('陈晓梅');
    const rows = page.locator('#people li');
    await page.getByLabel('筛选').fill('林建');
    await said('共 26 个，符合筛选的 1 个');
    expect(await rows.allTextContents()).toEqual([expect.stringContaining('林建国')]);
    await page.getByLabel('筛选').fill('DEMO0003');
    await said('王思远');
    expect(await rows.count()).toBe(1);
  });

  test('a session is renewed before it ends, and once more after the gateway has ended it', async () => {
    await open();
    await signIn();
    await state('现在可以添加');
    let sessions = 0;
    page.on('request', (request) => {
      if (new URL(request.url()).pathname === '/session') sessions += 1;
    });
    const refresh = async () => {
      const answered = page.waitForResponse(
        (answer) => answer.url().includes('/accounts/') && answer.status() === 200,
      );
      await page.getByRole('button', { name: '刷新' }).click();
      await answered;
    };
    await pass(830);
    await refresh();
    expect(sessions).toBe(0);
    await pass(10);
    await refresh();
    expect(sessions).toBe(1);
    expect(seen.problems()).toEqual([]);

    // By its clock the page still has a session that the gateway takes for expired.
    clock.advance(900_000);
    await refresh();
    expect(sessions).toBe(2);
    expect(seen.problems(401)).toEqual([]);
  });

  test('signing out ends the session at the gateway and leads back to the sign-in', async () => {
    await open();
    const minted = page.waitForResponse(
      (answer) => answer.url().endsWith('/session') && answer.status() === 200,
    );
    await signIn();
    const { token } = (await (await minted).json()) as { token: string };
    await state('现在可以添加');
    const call = () =>
      fetch(`${stage.gatewayUrl}/accounts/wx_sales_1`, {
        headers: { Authorization: `Bearer ${token}` },
      });
    expect((await call()).status).toBe(200);

    expect(await page.evaluate('document.activeElement.id')).toBe('account');

    clock.advance(1000);
    await page.getByRole('button', { name: '退出' }).click();
    await page.getByRole('heading', { name: '登录' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('sign-in-title');
    expect((await call()).status).toBe(401);
    expect(await page.context().cookies()).toEqual([]);
    expect(seen.problems()).toEqual([]);
  });

  test('a friend request that got no answer keeps its Idempotency-Key when it is sent again', async () => {
    await open();
    await signIn();
    await state('现在可以添加');
    await find('13800000001');
    const keys: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (!request.url().endsWith('/addContacts') || request.method() !== 'POST') return;
      keys.push(request.headers()['idempotency-key']);
    });
    await page.context().setOffline(true);
    await send().click();
    await said('连不上网关，请检查网络后再试');
    await page.context().setOffline(false);
    await send().click();
    await said('好友申请已发送');
    expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), keys[0]]);
  });

  test('without the gateway the page says so', async () => {
    await open();
    await signIn();
    await state('现在可以添加');
    await page.context().setOffline(true);
    await page.getByRole('button', { name: '刷新' }).click();
    await said('连不上网关，请检查网络后再试');
  });

  test('the key and the sign-in are out of the page’s reach', async () => {
    await open();
    await signIn();
    await state('现在可以添加');
    expect(
      await page.evaluate(
        'document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })',
      ),
    ).toBe('{}');
    expect(await page.content()).not.toContain('gw');
  });
});
