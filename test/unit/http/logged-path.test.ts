import { expect, test } from '@jest/globals';
import { loggedPath } from '../../../src/http/logged-path.ts';

const SECRETS = ['tok-4f9d1c7e5b2a', 'a key/with a slash'];
const scope = { holdsSecret: (text: string) => SECRETS.some((secret) => text.includes(secret)) };

test.each([
  ['/contact/search', '/contact/search'],
  ['/nowhere?token=tok-4f9d1c7e5b2a', '/nowhere'],
  ['/tok-4f9d1c7e5b2a/v2/api/search', '/***/v2/api/search'],
  ['/x/tok%2D4f9d1c7e5b2a', '/x/***'],
  ['/x/tok%252d4f9d1c7e5b2a', '/x/***'],
  ['/x/a%20key/with%20a%20slash/y', '***'],
  ['/gwk_of_someone/v2/api', '/***/v2/api'],
  ['/x/%67ws_a_session', '/x/***'],
  ['/x/eyJhbGciOiJFUzI1NiJ9.e30.sig', '/x/***'],
  ['/%zz', '/%zz'],
  [`/${'x'.repeat(500)}`, `/${'x'.repeat(199)}`],
  [`/${'x'.repeat(195)}/tok-4f9d1c7e5b2a`, `/${'x'.repeat(195)}/***`],
])('%s is logged as %s', (target, shown) => {
  expect(loggedPath(target, scope)).toBe(shown);
});
