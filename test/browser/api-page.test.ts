/** The API page at /docs in a real browser: it is readable, and *Try it* sends real calls. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import {
  accessibilityProblems,
  describeInBrowser,
  isTooWide,
  launchBrowser,
  LOOKS,
  screenshot,
  visit,
  type Look,
  type Visit,
} from '../support/browser.ts';
import { KEY, startGateway, type TestGateway } from '../support/start-gateway.ts';

describeInBrowser('the API page', () => {
  let browser: Browser;
  let gateway: TestGateway;
  let seen: Visit;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
    gateway = await startGateway();
  });
  afterAll(async () => {
    await browser.close();
    await gateway.stop();
  });
  afterEach(() => seen.close());

  async function open(look: Partial<Look> = {}): Promise<void> {
    seen = await visit(browser, { ...look, origins: [gateway.url] });
    page = seen.page;
    await page.goto(`${gateway.url}/docs`);
  }

  const operation = (id: string) => page.locator(`article#${id}`);

  /** Opens the *Try it* of an operation. */
  async function tryIt(id: string): Promise<Locator> {
    const form = operation(id).locator('details.try');
    await form.locator('summary').click();
    await form.locator('form').waitFor();
    return form;
  }

  async function send(form: Locator): Promise<void> {
    await form.locator('button[type=submit]').click();
  }

  test.each(LOOKS)('is without a fault on a $size in $colorScheme', async (look) => {
    await open(look);
    const form = await tryIt('fetchContactsList');
    await page.locator('#key').fill(KEY);
    await send(form);
    await form.locator('.result').getByText('200', { exact: true }).first().waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await isTooWide(page)).toBe(false);
    expect(seen.problems()).toEqual([]);
    await page.evaluate('scrollTo(0, 0)');
    await screenshot(page, 'api', look);
  });

  test('a call is sent with the key that was typed in, and its answer is shown with its headers', async () => {
    await open();
    await page.locator('#key').fill(KEY);
    const form = await tryIt('fetchContactsList');
    await form.locator('[name=body]').fill('{"appId":"wx_tried"}');
    await send(form);
    await form.getByText('cache-status: gewe-gateway; fwd=miss; stored').waitFor();
    await form.getByText('2180313478@chatroom').waitFor();
    const calls = gateway.simulator.calls.filter(({ appId }) => appId === 'wx_tried');
    expect(calls).toHaveLength(1);
    expect(seen.problems()).toEqual([]);
  });

  test('a refusal is shown with its status and its code', async () => {
    await open();
    await page.locator('#key').fill('gwk_wrong');
    const form = await tryIt('fetchContactsList');
    await send(form);
    await form.locator('.result').getByText('401', { exact: true }).first().waitFor();
    await form.getByText('"unauthenticated"').waitFor();
    expect(seen.problems(401)).toEqual([]);
  });

  test('the key is gone when the page is loaded again', async () => {
    await open();
    await page.locator('#key').fill(KEY);
    await page.reload();
    expect(await page.locator('#key').inputValue()).toBe('');
    expect(
      await page.evaluate(
        'JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie',
      ),
    ).toBe('{}');
  });
});
