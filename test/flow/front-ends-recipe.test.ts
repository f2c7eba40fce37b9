/** docs/recipes/front-ends.md, in both languages, held against a gateway. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const KEY = 'gwk_of_the_recipe';

/** The blocks of code, in order, each with its language. */
function blocksOf(name: string): readonly { language: string; code: string }[] {
  const path = fileURLToPath(new URL(`../../docs/recipes/${name}`, import.meta.url));
  const blocks = readFileSync(path, 'utf8').matchAll(/^( *)```(\w+)\n([^]*?)^\1```$/gm);
  return [...blocks].map(([, indent = '', language = '', code = '']) => ({
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

const blocks = blocksOf('front-ends.md');
const blockWith = (text: string) => blocks.find(({ code }) => code.includes(text))?.code ?? '';

test('both languages have the same code', () => {
  const withoutComments = (name: string) =>
    blocksOf(name).map(({ code }) => code.replaceAll(/ # .*$/gm, ''));
  expect(withoutComments('front-ends.zh-CN.md')).toEqual(withoutComments('front-ends.md'));
  expect(blocks).toHaveLength(5);
});

describe('the recipe for sessions', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    const hash = createHash('sha256').update(KEY).digest('hex');
    gateway = await startGateway({
      clients: blockWith('sessions: {').replace('sha256:...', `sha256:${hash}`),
    });
  });
  afterAll(() => gateway.stop());

  test('makes a session with which the page may call from its origin, and from no other', async () => {
    const [, body = ''] = /-d '(.*)'/.exec(blockWith('/sessions')) ?? [];
    const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' };
    const minted = await fetch(`${gateway.url}/sessions`, { method: 'POST', headers, body });
    const { token } = (await minted.json()) as { token: string };
    expect(minted.status).toBe(201);

    const call = (Origin: string) =>
      fetch(`${gateway.url}/contacts/fetchContactsList`, {
        method: 'POST',
        headers: { ...headers, Authorization: `Bearer ${token}`, Origin },
        body: JSON.stringify({ appId: 'wx_sales_1' }),
      });
    expect((await call('https://crm.example.com')).status).toBe(200);
    expect((await call('https://other.example.com')).status).toBe(403);
  });

  test('refuses a page that has the key', async () => {
    const answer = await fetch(`${gateway.url}/sessions`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${KEY}`, Origin: 'https://crm.example.com' },
    });
    expect(answer.status).toBe(403);
  });
});
