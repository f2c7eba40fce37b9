/** Signing in to the ops listener in a real browser: its rules about cookies, origins and forms let operators in. */
import { createServer, request, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import {
  accessibilityProblems,
  describeInBrowser,
  launchBrowser,
  visit,
  type Visit,
} from '../support/browser.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const OPS_TOKEN = 'ops-token-of-this-test';

describeInBrowser('the sign-in', () => {
  let browser: Browser;
  let gateway: TestGateway;
  let seen: Visit;
  let page: Page;
  const servers: Server[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    gateway = await startGateway({ env: { OPS_TOKEN } });
  });
  afterAll(async () => {
    await browser.close();
    for (const server of servers) server.close();
    await gateway.stop();
  });
  afterEach(() => seen.close());

  /** The port of a server on this machine. */
  async function listen(answer: RequestListener): Promise<number> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function open(...origins: string[]): Promise<void> {
    seen = await visit(browser, { origins: [gateway.opsUrl, ...origins] });
    page = seen.page;
  }

  async function signIn(token: string): Promise<void> {
    await page.locator('#token').fill(token);
    await page.locator('button[type=submit]').click();
  }

  test('leads from a page to the form and back; a wrong token is told, a right one opens it', async () => {
    await open();
    await page.goto(`${gateway.opsUrl}/?sort=list-age`);
    await page.waitForURL(/\/sign-in\?to=/);
    expect(await accessibilityProblems(page)).toEqual([]);

    await signIn('wrong');
    await page.getByRole('alert').waitFor();
    await signIn(OPS_TOKEN);

    await page.waitForURL(`${gateway.opsUrl}/?sort=list-age`);
    await page.goto(`${gateway.opsUrl}/sign-in`);
    await page.waitForURL(`${gateway.opsUrl}/`);
  });

  test('still counts after a link from another site', async () => {
    const link = `<a href="${gateway.opsUrl}/?sort=list-age">ops</a>`;
    const port = await listen((_req, res) => {
      res.setHeader('Content-Type', 'text/html');
      res.end(link);
    });
    await open(`http://localhost:${port}`);
    await page.goto(`${gateway.opsUrl}/`);
    await signIn(OPS_TOKEN);
    await page.waitForURL(`${gateway.opsUrl}/`);

    await page.goto(`http://localhost:${port}/`);
    await page.locator('a').click();

    await page.waitForURL(`${gateway.opsUrl}/?sort=list-age`);
  });

  test('works behind a proxy that puts a path before it, with a cookie for that path only', async () => {
    const port = await listen((req, res) => {
      const path = (req.url ?? '').replace(/^\/gw1/, '');
      const { method, headers } = req;
      const onward = request(gateway.opsUrl, { path, method, headers }, (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      });
      req.pipe(onward);
    });
    const prefixed = `http://127.0.0.1:${port}/gw1`;
    await open(new URL(prefixed).origin);
    await page.goto(`${prefixed}/accounts/wx_a`);
    await page.waitForURL(`${prefixed}/sign-in?to=accounts%2Fwx_a`);
    await signIn(OPS_TOKEN);

    await page.waitForURL(`${prefixed}/accounts/wx_a`);
    expect(await page.context().cookies()).toMatchObject([{ path: '/gw1', httpOnly: true }]);
  });
});
