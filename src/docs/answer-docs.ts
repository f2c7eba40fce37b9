import { readFileSync } from 'node:fs';
import type { Request, RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { languageOf, type Language } from '../http/language.ts';
import { scopeOf } from '../http/request-scope.ts';
import { sendNoContent } from '../http/send.ts';
import { sendTextFile, textFile, type TextFile } from '../http/text-file.ts';
import { PAGE_CSS } from './page-css.ts';

/** The listener that the page is on. Calls can be sent only from the page that has the origin of the API. */
export type DocsPlace = 'client' | 'ops';

/** Where `DOCS` puts the page. */
export type DocsSetting = 'both' | 'ops' | 'off';

type FileName = 'page-en' | 'page-zh' | 'openapi' | 'css' | 'js';
type Files = Readonly<Record<FileName, TextFile>>;

const PATHS: ReadonlyMap<string, 'page' | 'slash' | FileName> = new Map([
  ['/docs', 'page'],
  ['/docs/', 'slash'],
  ['/docs/page.css', 'css'],
  ['/docs/page.js', 'js'],
  ['/openapi.json', 'openapi'],
] as const);

/** Whether a request only reads the page, for which no credentials are needed. */
export function readsDocs({ method, path }: Pick<Request, 'method' | 'path'>): boolean {
  return (method === 'GET' || method === 'HEAD') && PATHS.has(path);
}

/** Only what the page itself brings with it. Calls go to its own origin, if they can be sent from it. */
function policyOf(place: DocsPlace): string {
  const connect = place === 'client' ? "'self'" : "'none'";
  return `default-src 'none';style-src 'self';script-src 'self';img-src 'self' data:;connect-src ${connect};base-uri 'none';form-action 'none';frame-ancestors 'none'`;
}

/**
 * Answers `/docs` and `/openapi.json`, for which no key is needed: they say nothing that differs between gateways.
 * Everything else passes.
 */
export function answerDocs({ docs }: { docs: DocsSetting }, place: DocsPlace): RequestHandler {
  if (docs === 'off' || (docs === 'ops' && place === 'client')) return (_req, _res, next) => next();
  const files = filesOf(place);
  const policy = policyOf(place);
  return async (req, res, next) => {
    const asked = PATHS.get(req.path);
    if (asked === undefined) return next();
    const scope = scopeOf(res);
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      throw new Refusal('method-not-allowed', 'Use GET, HEAD here.', {
        headers: { Allow: 'GET, HEAD' },
      });
    }
    // Links in the page are relative to /docs. So is this, because a proxy may have put a path before it.
    if (asked === 'slash') return sendNoContent(res, { Location: '../docs' }, 308);
    scope.headers['Content-Security-Policy'] = policy;
    const name = asked === 'page' ? (`page-${languageOf(req, res)}` as const) : asked;
    await sendTextFile(req, res, (await files())[name]);
  };
}

/** Made at the first request and then kept: the library for documents costs memory that most gateways never need. */
function filesOf(place: DocsPlace): () => Promise<Files> {
  let made: Promise<Files> | undefined;
  return () => {
    made ??= makeFiles(place);
    // A failure is a fault of ours; the next request tries again.
    made.catch(() => (made = undefined));
    return made;
  };
}

async function makeFiles(place: DocsPlace): Promise<Files> {
  const [{ ANOTHER_ORIGIN, buildDocument, SAME_ORIGIN }, { renderPage }] = await Promise.all([
    import('./openapi.ts'),
    import('./page.ts'),
  ]);
  const canTry = place === 'client';
  const document = buildDocument(canTry ? SAME_ORIGIN : ANOTHER_ORIGIN);
  const page = (language: Language) =>
    textFile('text/html; charset=utf-8', renderPage(document, { language, canTry }));
  return {
    'page-en': page('en'),
    'page-zh': page('zh'),
    openapi: textFile('application/json', JSON.stringify(document)),
    css: textFile('text/css; charset=utf-8', PAGE_CSS),
    js: textFile(
      'text/javascript; charset=utf-8',
      readFileSync(new URL('./in-browser.js', import.meta.url), 'utf8'),
    ),
  };
}
