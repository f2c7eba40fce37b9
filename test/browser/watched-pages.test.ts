/** What test/support/browser.ts reports of a page. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import {
  accessibilityProblems,
  describeInBrowser,
  isTooWide,
  launchBrowser,
  visit,
} from '../support/browser.ts';

const PAGES: Readonly<Record<string, { readonly policy?: string; readonly body: string }>> = {
  '/good': { policy: "default-src 'none'", body: '<h1>Good</h1>' },
  '/inline-script': { policy: "default-src 'none'", body: '<h1>A</h1><script>1</script>' },
  '/inline-style': { policy: "default-src 'none'", body: '<h1 style="color: red">A</h1>' },
  '/throws': { body: '<script>throw new Error("thrown")</script>' },
  '/complains': { body: '<script>console.error("complaint")</script>' },
  '/missing': { body: '<img src="/nothing" alt="">' },
  '/foreign': { body: '<img src="http://127.0.0.1:1/picture" alt="">' },
  '/unlabelled': { policy: "default-src 'none'", body: '<h1>A</h1><main><input></main>' },
  '/wide': { body: '<pre>' + 'x'.repeat(1000) },
};

describeInBrowser('a page in the browser of the tests', () => {
  let browser: Browser;
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    browser = await launchBrowser();
    server = createServer((req, res) => {
      const page = PAGES[req.url ?? ''];
      res.statusCode = page === undefined ? 404 : 200;
      res.setHeader('content-type', 'text/html; charset=utf-8');
      if (page?.policy !== undefined) res.setHeader('content-security-policy', page.policy);
      res.end(`<!doctype html><html lang="en"><title>A</title><body>${page?.body}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function problemsOf(path: string, ...statuses: number[]): Promise<readonly string[]> {
    const seen = await visit(browser, { origins: [origin] });
    await seen.page.goto(origin + path, { waitUntil: 'networkidle' });
    const found = seen.problems(...statuses);
    await seen.close();
    return found;
  }

  test('has no problems if it does nothing wrong', async () => {
    expect(await problemsOf('/good')).toEqual([]);
  });

  test.each([
    ['/inline-script', 'Content-Security-Policy: script-src'],
    ['/inline-style', 'Content-Security-Policy: style-src'],
    ['/throws', 'uncaught: thrown'],
    ['/complains', 'console: complaint'],
    ['/missing', 'responded with a status of 404'],
    ['/foreign', 'request to http://127.0.0.1:1/picture'],
  ])('%s has the problem %s', async (path, problem) => {
    expect(await problemsOf(path)).toEqual(
      expect.arrayContaining([expect.stringContaining(problem)]),
    );
  });

  test('may get an answer with a status that the test expects', async () => {
    expect(await problemsOf('/missing', 404)).toEqual([]);
  });

  test('is looked at by axe-core under its own Content-Security-Policy', async () => {
    const seen = await visit(browser, { origins: [origin], now: 0 });
    await seen.page.goto(`${origin}/good`);
    expect(await accessibilityProblems(seen.page)).toEqual([]);
    await seen.page.goto(`${origin}/unlabelled`);
    expect(await accessibilityProblems(seen.page)).toEqual([
      expect.stringMatching(/^label: <input>/),
    ]);
    expect(seen.problems()).toEqual([]);
    await seen.close();
  });

  test('is too wide for a phone if something in it is', async () => {
    const seen = await visit(browser, { size: 'phone', origins: [origin] });
    await seen.page.goto(`${origin}/good`);
    expect(await isTooWide(seen.page)).toBe(false);
    await seen.page.goto(`${origin}/wide`);
    expect(await isTooWide(seen.page)).toBe(true);
    await seen.close();
  });
});
