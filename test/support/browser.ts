/** Pages in a real browser: Debian's Chromium, driven by playwright-core. What a page must never do is watched. */
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, test } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { onPath } from './on-path.ts';

const program = ['chromium', 'chromium-browser'].map(onPath).find(Boolean);
const MISSING = 'chromium is not on PATH';

/**
 * `describe` for what needs a browser. Without one the tests are skipped, and say why; with the variable
 * TEST_BROWSER=required they fail.
 */
export function describeInBrowser(title: string, declare: () => void): void {
  if (program !== undefined) return describe(title, declare);
  if (process.env['TEST_BROWSER'] !== 'required') {
    return describe.skip(`${title} (skipped: ${MISSING})`, declare);
  }
  describe(title, () => {
    test('have a browser to run in', () => {
      throw new Error(`TEST_BROWSER=required, and ${MISSING}`);
    });
  });
}

/** A browser with a fresh profile; each visit has its own. Rejects if there is none on PATH. */
export async function launchBrowser(): Promise<Browser> {
  if (program === undefined) throw new Error(MISSING);
  return chromium.launch({
    executablePath: program,
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

const SIZES = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
} as const;

export interface Look {
  readonly size: keyof typeof SIZES;
  readonly colorScheme: 'light' | 'dark';
}

/** Every size in every colour scheme, for `test.each`. */
export const LOOKS: readonly Look[] = [
  { size: 'desktop', colorScheme: 'light' },
  { size: 'desktop', colorScheme: 'dark' },
  { size: 'phone', colorScheme: 'light' },
  { size: 'phone', colorScheme: 'dark' },
];

interface VisitOptions extends Partial<Look> {
  /** The only origins that the page may call. */
  readonly origins: readonly string[];
  /** The page's clock then stands still until `page.clock` moves it. Milliseconds since the epoch. */
  readonly now?: number;
  /** Whether the page may run scripts. Default true. */
  readonly javaScriptEnabled?: boolean;
}

export interface Visit {
  readonly page: Page;
  /**
   * What the page did that none may do: errors, requests to other origins, violations of its Content-Security-Policy.
   * Chromium reports an answer of 400 or above as an error of the page; those with one of `statuses` are left out.
   */
  problems(...statuses: readonly number[]): readonly string[];
  close(): Promise<void>;
}

/** Opens an empty page in its own profile. Texts and times are those of a reader in China. */
export async function visit(browser: Browser, options: VisitOptions): Promise<Visit> {
  const {
    size = 'desktop',
    colorScheme = 'light',
    origins,
    now,
    javaScriptEnabled = true,
  } = options;
  const context = await browser.newContext({
    viewport: SIZES[size],
    colorScheme,
    hasTouch: size === 'phone',
    isMobile: size === 'phone',
    javaScriptEnabled,
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
  });
  const problems: string[] = [];
  await context.exposeBinding('reportViolation', (_source, what: string) => {
    problems.push(`Content-Security-Policy: ${what}`);
  });
  await context.addInitScript(`
    document.addEventListener('securitypolicyviolation', (event) => {
      reportViolation(event.violatedDirective + ' ' + event.blockedURI);
    });`);
  if (now !== undefined) {
    await context.clock.install({ time: now });
    await context.clock.pauseAt(now);
  }
  const page = await context.newPage();
  // Only against hanging, and before jest gives up: playwright says what it was waiting for.
  page.setDefaultTimeout(100_000);
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  page.on('request', (request) => {
    const { origin } = new URL(request.url());
    if (!origins.includes(origin)) problems.push(`request to ${request.url()}`);
  });
  return {
    page,
    problems(...statuses) {
      const expected = statuses.map((status) => `responded with a status of ${status} `);
      return problems.filter((problem) => !expected.some((text) => problem.includes(text)));
    },
    close: () => context.close(),
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe-core finds serious or critical on the page as it is. It runs in an isolated world, as extensions do: the page's
 * Content-Security-Policy stays in force, and the page's clock, which may stand still, is not used.
 */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  const devtools = await page.context().newCDPSession(page);
  const { frameTree } = await devtools.send('Page.getFrameTree');
  const { executionContextId: contextId } = await devtools.send('Page.createIsolatedWorld', {
    frameId: frameTree.frame.id,
  });
  await devtools.send('Runtime.evaluate', { contextId, expression: axe });
  const { result, exceptionDetails } = await devtools.send('Runtime.evaluate', {
    contextId,
    expression: 'axe.run().then(JSON.stringify)',
    awaitPromise: true,
    returnByValue: true,
  });
  await devtools.detach();
  if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
  const { violations, passes } = JSON.parse(String(result.value)) as AxeResults;
  if (passes.length === 0) throw new Error('axe-core has looked at nothing.');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
}

/** Whether the page is wider than its window, so that one has to scroll sideways. */
export async function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(
    'document.documentElement.scrollWidth > document.documentElement.clientWidth',
  );
}

/**
 * Writes `NAME-SIZE.png`. With SCREENSHOTS=1 those of the light pages go into docs/images, all others into a folder for
 * temporary files.
 */
export async function screenshot(page: Page, name: string, look: Look): Promise<string> {
  const images = fileURLToPath(new URL('../../docs/images', import.meta.url));
  const isForDocs = process.env['SCREENSHOTS'] === '1' && look.colorScheme === 'light';
  const folder = isForDocs ? images : join(tmpdir(), 'gewe-gateway-screenshots');
  await mkdir(folder, { recursive: true });
  const suffix = look.colorScheme === 'dark' ? '-dark' : '';
  const path = join(folder, `${name}-${look.size}${suffix}.png`);
  await page.screenshot({ path, animations: 'disabled', caret: 'hide', scale: 'css' });
  return path;
}
