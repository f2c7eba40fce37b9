import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { type RawAnswer, rawPost, rawRequest } from '../support/raw-client.ts';
import { KEY, startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';

const LIMIT = 1000;
const APP_ID = 'wx_old';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    env: { BODY_LIMIT_BYTES: String(LIMIT) },
    policy: `accounts: { ${APP_ID}: { onlineSince: "2020-01-01T00:00:00Z" } }`,
  });
});
afterEach(async () => {
  // No refused request reached the upstream or was charged.
  const paths = gateway.simulator.calls.map(({ path }) => path);
  gateway.simulator.reset();
  expect(paths).toEqual([]);
  expect(await friendRequestsLeft()).toEqual(untouched);
});
afterAll(() => gateway.stop());

let untouched: unknown;
beforeAll(async () => {
  untouched = await friendRequestsLeft();
  expect(untouched).toContainEqual(['add-per-day', 15]);
});

/** What is left of each quota of the account. */
async function friendRequestsLeft(): Promise<unknown> {
  const answer = await httpCall(gateway.opsUrl, {
    method: 'GET',
    path: `/admin/accounts/${APP_ID}`,
  });
  expect(answer.status).toBe(200);
  const { quotas } = answer.json() as { quotas: { name: string; left: number }[] };
  return quotas.map(({ name, left }) => [name, left]);
}

function codeOf({ body }: { readonly body: Buffer }): unknown {
  return (JSON.parse(body.toString()) as { code?: string }).code;
}

const AUTH = ['Content-Type: application/json', `Authorization: Bearer ${KEY}`];
const raw = (target: string, headers: readonly string[] = AUTH): Promise<RawAnswer> =>
  rawRequest(gateway.url, rawPost(target, headers, `{"appId":"${APP_ID}"}`));

describe('a path', () => {
  test.each([
    ['//contacts/search', 'search'],
    ['/contacts//search', 'search'],
    ['/contacts/search/', 'search'],
    ['/v2/api//contacts/search/', 'search'],
    ['/v2/api//contacts/search/?a=//b/', 'search'],
    ['//gewe//v2//api//contacts//search/', 'search'],
    ['//contacts/fetchContactsList', 'fetchContactsList'],
    ['//contacts//addContacts/', 'addContacts'],
  ])(
    'with extra slashes, %s, means %s and is forwarded without them',
    async (target, operation) => {
      const body = '{"appId":"wx_slash","option":4}';
      const answer = await rawRequest(gateway.url, rawPost(target, AUTH, body));

      const paths = gateway.simulator.calls.map(({ path }) => path);
      gateway.simulator.reset();
      expect([answer.status, paths]).toEqual([200, [`/v2/api/contacts/${operation}`]]);
    },
  );

  test.each(['/contacts/ADDCONTACTS', '/v2/api//contacts/addcontacts/'])(
    '%s, which differs from addContacts only in case, is 404 and suggests addContacts',
    async (target) => {
      const answer = await raw(target);

      expect([answer.status, codeOf(answer)]).toEqual([404, 'not-found']);
      expect(String(answer.body)).toContain('Did you mean addContacts?');
    },
  );

  test.each([
    '/',
    '/contacts',
    '/contacts/',
    '/contacts/../login/logout',
    '/contacts/..%2flogin/logout',
    '/contacts/%2e%2e/login/logout',
    '/contacts/%2e%2e%2flogin%2flogout',
    '/contacts/..;/login/logout',
    '/contacts/./search',
    '/contacts/search/../addContacts',
    '/login/../contacts/search',
    '/contacts/a/b',
    '/contacts/search//',
    '///contacts/search',
    '/contacts///search',
    '/%2fcontacts/search',
    '/contacts%2fsearch',
    '/contacts/%2fsearch',
    '/contacts/search%2f',
    '/contacts/search/.',
    '/contacts/search/./',
    '/./contacts/search',
    '//../contacts/search',
    '/Contacts/search',
    '/CONTACTS/search',
    '/V2/api/contacts/search',
    '/v1/api/contacts/search',
    '/gewe/contacts/search',
    '/v2/api/v2/api/contacts/search',
    '/x/contacts/search',
    '/login/checkOnline',
    '/contacts/2search',
    '/contacts/se-arch',
    '/contacts/se.arch',
    '/contacts/_search',
    '/contacts/%73earch',
    '/contacts/search%20',
    '/contacts/search%00',
    '/contacts/search%0a',
    '/contacts/search%',
    '/contacts/%E0%A4%A',
    '/contacts/search;x=1',
    '/contacts/search#x',
    '/contacts\\search',
    '/contacts/__proto__',
    'http://gateway.test/contacts/search',
    'http://elsewhere.test/v2/api/contacts/search',
  ])('%s is 404', async (target) => {
    const answer = await raw(target);

    expect([answer.status, codeOf(answer)]).toEqual([404, 'not-found']);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('x-request-id')).toBeDefined();
  });

  test('without its first slash is 400', async () => {
    const answer = await raw('contacts/search');

    expect(answer.status).toBe(400);
  });

  test('that is a wrong path of fetchContactsList or its cache is 404, not 200, for a key in X-GEWE-TOKEN', async () => {
    for (const target of ['///contacts/fetchContactsList', '/v1/contacts/fetchContactsListCache']) {
      const answer = await raw(target, ['Content-Type: application/json', `X-GEWE-TOKEN: ${KEY}`]);

      expect([answer.status, codeOf(answer)]).toEqual([404, 'not-found']);
    }
  });
});

test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'])(
  'the method %s on an operation is refused with 405 and Allow',
  async (method) => {
    const answer = await httpCall(gateway.url, {
      method,
      path: '/contacts/search',
      headers: { Authorization: `Bearer ${KEY}` },
    });

    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST, OPTIONS']);
    if (method !== 'HEAD') expect(codeOf(answer)).toBe('method-not-allowed');
  },
);

test('GET on a path without an operation is 404, not 405', async () => {
  const answer = await httpCall(gateway.url, { method: 'GET', path: '/contacts/a/b' });

  expect([answer.status, codeOf(answer)]).toEqual([404, 'not-found']);
});

describe('a body', () => {
  const nul = String.fromCharCode(0);
  const withAppId = (appId: unknown) => JSON.stringify({ appId, option: 2, v3: 'v3_a' });
  const cases: [string, string | Buffer, string][] = [
    ['nothing', '', 'invalid-json'],
    ['white space', ' \n', 'invalid-json'],
    ['plain text', 'hello', 'invalid-json'],
    ['truncated', '{"appId":"wx_old","option":2', 'invalid-json'],
    ['followed by something', '{"appId":"wx_old"}x', 'invalid-json'],
    ['two objects', '{"appId":"wx_old"}{"appId":"wx_new"}', 'invalid-json'],
    ['with a comma too many', '{"appId":"wx_old",}', 'invalid-json'],
    ['with a comment', '{"appId":"wx_old"/**/}', 'invalid-json'],
    ['in single quotes', "{'appId':'wx_old'}", 'invalid-json'],
    ['after a byte order mark', '\ufeff{"appId":"wx_old"}', 'invalid-json'],
    ['that is not UTF-8', Buffer.from('{"appId":"wx_old","x":"\xe9"}', 'latin1'), 'invalid-json'],
    ['in UTF-16', Buffer.from('{"appId":"wx_old"}', 'utf16le'), 'invalid-json'],
    ['an array', '[{"appId":"wx_old"}]', 'invalid-body'],
    ['null', 'null', 'invalid-body'],
    ['a string', '"wx_old"', 'invalid-body'],
    ['a number', '7', 'invalid-body'],
    ['with appId twice', '{"appId":"wx_old","appId":"wx_old"}', 'duplicate-key'],
    ['with appId in two spellings', '{"appId":"wx_old","app\\u0049d":"wx_new"}', 'duplicate-key'],
    ['with another key twice', '{"appId":"wx_old","option":2,"option":4}', 'duplicate-key'],
    ['with a nested value between twins', '{"a":{"a":[1,{}]},"appId":"x","a":1}', 'duplicate-key'],
    ['with __proto__ twice', '{"appId":"x","__proto__":1,"__proto__":2}', 'duplicate-key'],
    ['without appId', '{"option":2}', 'invalid-app-id'],
    ['with appId only further in', '{"data":{"appId":"wx_old"}}', 'invalid-app-id'],
    ['with appId inherited', '{"__proto__":{"appId":"wx_old"}}', 'invalid-app-id'],
    ['with APPID', '{"APPID":"wx_old"}', 'invalid-app-id'],
    ['with appId null', withAppId(null), 'invalid-app-id'],
    ['with an empty appId', withAppId(''), 'invalid-app-id'],
    ['with appId a number', withAppId(7), 'invalid-app-id'],
    ['with appId a list', withAppId(['wx_old']), 'invalid-app-id'],
    ['with appId too long', withAppId('a'.repeat(129)), 'invalid-app-id'],
    ['with appId ending in a line feed', withAppId('wx_old\n'), 'invalid-app-id'],
    ['with appId holding NUL', withAppId(`wx${nul}old`), 'invalid-app-id'],
    ['with appId holding a space', withAppId('wx old'), 'invalid-app-id'],
    ['with appId holding a slash', withAppId('wx/old'), 'invalid-app-id'],
    ['with appId in Chinese', withAppId('微信'), 'invalid-app-id'],
    ['with a wide letter in appId', withAppId('ｗx_old'), 'invalid-app-id'],
    ['with option 7', '{"appId":"wx_old","option":7,"v3":"v3_a"}', 'invalid-option'],
    ['without option', '{"appId":"wx_old","v3":"v3_a"}', 'invalid-option'],
    ['with option 2.5', '{"appId":"wx_old","option":2.5,"v3":"v3_a"}', 'invalid-option'],
    ['with option " 2"', '{"appId":"wx_old","option":" 2","v3":"v3_a"}', 'invalid-option'],
    ['with option [2]', '{"appId":"wx_old","option":[2],"v3":"v3_a"}', 'invalid-option'],
    ['without v3', '{"appId":"wx_old","option":2}', 'invalid-target'],
    ['with an empty v3', '{"appId":"wx_old","option":2,"v3":""}', 'invalid-target'],
    ['with v3 a number', '{"appId":"wx_old","option":2,"v3":7}', 'invalid-target'],
  ];

  test.each(cases)('%s is refused with its code', async (_what, body, code) => {
    const answer = await httpCall(gateway.url, {
      path: '/contacts/addContacts',
      headers: GOOD_HEADERS,
      body,
    });

    expect([answer.status, codeOf(answer)]).toEqual([400, code]);
  });

  const ofLength = (length: number) => {
    const start = '{"appId":"wx_new","pad":"';
    return `${start}${'x'.repeat(length - start.length - 2)}"}`;
  };

  test('one byte over the limit is refused as too large, with a Content-Length or in chunks', async () => {
    const body = ofLength(LIMIT + 1);
    const announced = await httpCall(gateway.url, {
      path: '/contacts/search',
      headers: GOOD_HEADERS,
      body,
    });
    const chunked = await httpCall(gateway.url, {
      path: '/contacts/search',
      headers: { ...GOOD_HEADERS, 'Transfer-Encoding': 'chunked' },
      body,
    });

    expect([announced.status, codeOf(announced)]).toEqual([413, 'body-too-large']);
    expect([chunked.status, codeOf(chunked)]).toEqual([413, 'body-too-large']);
  });

  test('whose Content-Length is too large is refused before it is received', async () => {
    const request = `POST /contacts/search HTTP/1.1\r\nHost: x\r\n${AUTH.join('\r\n')}\r\nContent-Length: 1000000000\r\n\r\n{`;

    const answer = await rawRequest(gateway.url, request);

    expect([answer.status, codeOf(answer)]).toEqual([413, 'body-too-large']);
  });

  test('of exactly the maximum size is accepted', async () => {
    const body = ofLength(LIMIT);

    const answer = await httpCall(gateway.url, {
      path: '/contacts/search',
      headers: GOOD_HEADERS,
      body,
    });

    expect(answer.status).toBe(200);
    expect(gateway.simulator.calls[0]?.body.toString()).toBe(body);
    gateway.simulator.reset();
  });

  test.each(['a', 'a'.repeat(128), 'A.z_9:@-'])('with the appId %s is accepted', async (appId) => {
    const answer = await httpCall(gateway.url, {
      path: '/contacts/search',
      headers: GOOD_HEADERS,
      body: JSON.stringify({ appId }),
    });

    expect(answer.status).toBe(200);
    gateway.simulator.reset();
  });
});

describe('the detail of a refusal names', () => {
  const detailOf = ({ body }: { readonly body: Buffer }) =>
    (JSON.parse(body.toString()) as { detail?: string }).detail;
  const kept = 'Kept-7f3a';

  test.each([
    ['that appId is missing', {}, 'appId is missing at the top level of the body.'],
    [
      'appId further in',
      { data: { appId: kept } },
      'appId is missing at the top level of the body.',
    ],
    ...[
      'appid',
      'APPID',
      'AppId',
      'app_id',
      'app-id',
      'App Id',
      'wxAppId',
      'wx_app_id',
      'appIds',
    ].map((key): [string, object, string] => [
      key,
      { [key]: kept },
      `appId is missing. The body has \`${key}\`; write \`appId\`.`,
    ]),
    [
      'no key that is long',
      { [`${'x'.repeat(40)}appid`]: kept },
      'appId is missing at the top level of the body.',
    ],
    [
      'no key that holds the one of the caller',
      { [`${KEY}_appid`]: kept },
      'appId is missing at the top level of the body.',
    ],
    ['null', { appId: null }, 'appId is null. It must be a string.'],
    ['a number', { appId: 700700 }, 'appId is a number. It must be a string.'],
    ['an array', { appId: [kept] }, 'appId is an array. It must be a string.'],
    ['an object', { appId: { kept } }, 'appId is an object. It must be a string.'],
    ['a boolean', { appId: false }, 'appId is a boolean. It must be a string.'],
    ['that appId is empty', { appId: '' }, 'appId is empty.'],
    [
      'the length',
      { appId: kept.padEnd(129, 'x') },
      'appId has 129 characters. The maximum is 128.',
    ],
    [
      'where a character is wrong',
      { appId: `${kept}/` },
      'Character 10 of appId is not allowed. Use only A-Z a-z 0-9 _ . : @ -.',
    ],
    ['an array as body', [kept], 'The body is an array. It must be a JSON object.'],
    ['null as body', null, 'The body is null. It must be a JSON object.'],
    ['a string as body', kept, 'The body is a string. It must be a JSON object.'],
    [
      'that option is missing',
      { appId: APP_ID },
      'option is missing. It must be 2 (add), 3 (accept) or 4 (reject).',
    ],
    [
      'that option is null',
      { appId: APP_ID, option: null },
      'option is null. It must be 2 (add), 3 (accept) or 4 (reject).',
    ],
    [
      'option',
      { appId: APP_ID, option: kept },
      'option must be 2 (add), 3 (accept) or 4 (reject).',
    ],
    [
      'that v3 is missing',
      { appId: APP_ID, option: 2 },
      'v3 is missing. Send the v3 of the person to add, from search or from a callback.',
    ],
    [
      'that v3 is a number',
      { appId: APP_ID, option: 2, v3: 700700 },
      'v3 is a number, not a string. Send the v3 of the person to add, from search or from a callback.',
    ],
  ])('%s', async (_what, body, detail) => {
    const answer = await httpCall(gateway.url, {
      path: '/contacts/addContacts',
      headers: GOOD_HEADERS,
      body: JSON.stringify(body),
    });

    expect([answer.status, detailOf(answer)]).toEqual([400, detail]);
    expect(answer.body.toString()).not.toContain(kept);
    expect(answer.body.toString()).not.toContain(KEY);
  });

  test.each([
    ['that there is no Content-Type', [], 'The request has no Content-Type.'],
    ['text/plain', ['Content-Type: text/plain'], 'The Content-Type is text/plain.'],
    ['the charset', ['Content-Type: application/json; charset=GBK'], 'Content-Type is GBK.'],
    ['the coding', [...AUTH, 'Content-Encoding: br'], 'The body has the Content-Encoding br.'],
    ['no secret', [`Content-Type: text/${KEY}`], 'The Content-Type is not application/json.'],
    ['no token', [`Content-Type: text/${TOKEN}`], 'The Content-Type is not application/json.'],
  ])('%s', async (_what, headers, words) => {
    const answer = await raw('/contacts/search', [`X-API-Key: ${KEY}`, ...headers]);

    expect([answer.status, codeOf(answer)]).toEqual([415, 'unsupported-media-type']);
    expect(detailOf(answer)).toContain(words);
    expect(answer.body.toString()).not.toMatch(new RegExp(`${KEY}|${TOKEN}`));
  });
});

describe('a request', () => {
  test.each(['identity', '', 'utf-8', 'UTF8', 'identity, utf-8'])(
    'with the Content-Encoding "%s", which changes nothing, is accepted',
    async (encoding) => {
      const headers = [...AUTH, `Content-Encoding: ${encoding}`];
      const answer = await raw('/contacts/search', headers);

      const [call] = gateway.simulator.calls;
      gateway.simulator.reset();
      expect([answer.status, call?.headers['content-encoding']]).toEqual([200, undefined]);
    },
  );

  test.each([
    ['no Content-Type', []],
    ['text/plain', ['Content-Type: text/plain']],
    ['a form', ['Content-Type: application/x-www-form-urlencoded']],
    ['another JSON', ['Content-Type: application/json-patch+json']],
    ['two types in one', ['Content-Type: text/plain, application/json']],
    ['the charset gbk', ['Content-Type: application/json; charset=gbk']],
    ['the charset utf-16', ['Content-Type: application/json;charset="utf-16"']],
    ['gzip', ['Content-Type: application/json', 'Content-Encoding: gzip']],
    ['an unknown encoding', ['Content-Type: application/json', 'Content-Encoding: x']],
    ['gzip behind none', ['Content-Type: application/json', 'Content-Encoding: identity, gzip']],
  ])('with %s is refused with unsupported-media-type', async (_what, headers) => {
    const answer = await raw('/contacts/search', [`X-API-Key: ${KEY}`, ...headers]);

    expect([answer.status, codeOf(answer)]).toEqual([415, 'unsupported-media-type']);
  });

  test.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json; charset=utf8; x=y',
  ])('with the Content-Type %s is accepted', async (type) => {
    const answer = await raw('/contacts/search', [`X-API-Key: ${KEY}`, `Content-Type: ${type}`]);

    expect(answer.status).toBe(200);
    gateway.simulator.reset();
  });
});
