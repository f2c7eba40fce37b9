import { describe, expect, test } from '@jest/globals';
import { buildDocument, SAME_ORIGIN, type Document } from '../../../src/docs/openapi.ts';
import { renderPage } from '../../../src/docs/page.ts';
import { CODES } from '../../../src/docs/refusals.ts';
import { KNOWN_OPERATIONS } from '../../../src/gewe/operations.ts';

const document = buildDocument(SAME_ORIGIN);
const pages = {
  en: renderPage(document, { language: 'en', canTry: true }),
  zh: renderPage(document, { language: 'zh', canTry: true }),
  ops: renderPage(document, { language: 'en', canTry: false }),
};

const idsOf = (page: string) => [...page.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);

describe.each(Object.entries(pages))('the API page %s', (_name, page) => {
  test('has no style, script or handler in it, which its Content-Security-Policy would forbid', () => {
    expect(page).not.toMatch(/<style|\bstyle=|\bon[a-z]+="|javascript:/i);
    expect([...page.matchAll(/<script\b[^>]*>([^<]*)<\/script>/g)].map(([, code]) => code)).toEqual(
      [''],
    );
  });

  test('loads nothing from elsewhere, and its addresses are relative', () => {
    const addresses = [...page.matchAll(/\b(?:href|src|action)="([^"]+)"/g)].map(([, one]) => one);
    expect(
      addresses.filter(
        (one) => !/^(?:#|\?lang=|data:,$|docs\/page\.|openapi\.json$)/.test(one ?? ''),
      ),
    ).toEqual([]);
  });

  test('has every id once, and a target for every link and label', () => {
    const ids = idsOf(page);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    const targets = [
      ...page.matchAll(/\b(?:href="#|for="|aria-labelledby="|aria-describedby=")([^"]+)"/g),
    ].map(([, id]) => id);
    expect(targets.length).toBeGreaterThan(200);
    expect(targets.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test('has every operation and every refusal', () => {
    const ids = idsOf(page);
    const wanted = [...KNOWN_OPERATIONS, ...CODES.map((code) => `refusal-${code}`)];
    expect(wanted.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test('has the Chinese name of an operation, marked as Chinese', () => {
    expect(page).toMatch(/<span[^>]* lang="zh-CN"[^>]*>搜索好友<\/span/);
  });
});

describe('the API page', () => {
  test('shows what a success of each operation is, and not a refusal with the status 200', () => {
    const partOf = (id: string) =>
      pages.en.slice(pages.en.indexOf(`<article id="${id}"`)).split('</article>')[0] ?? '';
    expect(partOf('startSession')).toMatch(/<span class="status ok">201</);
    expect(partOf('startSession')).toContain('gws_');
    expect(partOf('endSessions')).toMatch(/<span class="status ok">204</);
  });

  test('shows the sentences of refusals as the gateway sends them', () => {
    expect(pages.en).toContain('加人太频繁，');
    expect(pages.en).toContain('账号在线未满 72 小时，');
  });

  test('has its own words in the language asked for', () => {
    expect(pages.en).toMatch(/<html lang="en">/);
    expect(pages.zh).toMatch(/<html lang="zh-CN">/);
    expect(pages.zh).toContain('访问密钥');
  });

  test('can send calls only where its origin is that of the API', () => {
    expect(pages.en).toMatch(/<form\b[^>]*data-path="contacts\/search"/);
    expect(pages.en).toContain('type="password"');
    expect(pages.ops).not.toMatch(/<form|<textarea|type="password"/);
    expect(pages.ops).toContain('http://GATEWAY:8080/contacts/search');
  });

  test('has no form for sessions, which a browser may not make', () => {
    expect(pages.en).not.toContain('data-path="sessions"');
  });

  test('shows a refusal in both formats', () => {
    const [, refusal = ''] = /id="refusal-add-too-soon"(.*?)<\/details>/s.exec(pages.en) ?? [];
    expect(refusal).toContain(
      'HTTP/1.1 429 Too Many Requests\nContent-Type: application/problem+json',
    );
    expect(refusal).toContain('HTTP/1.1 200 OK\nContent-Type: application/json');
    const [, ofLists = ''] = /id="refusal-list-not-saved"(.*?)<\/details>/s.exec(pages.en) ?? [];
    expect(ofLists).toContain('HTTP/1.1 504 Gateway Timeout\nContent-Type: application/json');
  });

  test('shows the limits that GEWE documents', () => {
    const [, article = ''] = /<article id="getDetailInfo"(.*?)<\/article>/s.exec(pages.en) ?? [];
    expect(article).toContain('1 to 20 items');
    expect(article.replace(/\s+/g, ' ')).toContain('array of string');
  });

  test('escapes whatever is in the document', () => {
    const hostile = JSON.parse(
      JSON.stringify(document)
        .replaceAll('小安', '<img src=x onerror=alert(1)>')
        .replaceAll('The greeting.', '<b>x</b>'),
    ) as Document;
    const page = renderPage(hostile, { language: 'en', canTry: true });
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(page).toContain('&lt;b&gt;x&lt;/b&gt;');
    expect(page).not.toMatch(/<img|<b>/);
  });
});
