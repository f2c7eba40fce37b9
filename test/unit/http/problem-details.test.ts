import { expect, test } from '@jest/globals';
import { Refusal, REFUSALS, type RefusalCode } from '../../../src/errors.ts';
import { renderRefusal } from '../../../src/http/problem-details.ts';

const CODES = Object.keys(REFUSALS) as RefusalCode[];
const render = (code: RefusalCode, format: 'http' | 'gewe', target = 'search') =>
  renderRefusal(
    new Refusal(code, 'Do this.', { members: { retryAt: 'then' } }),
    format,
    target,
    'id',
  );

test.each(CODES)('%s has the same body for both kinds of clients', (code) => {
  const { body } = render(code, 'http');

  expect(render(code, 'gewe').body).toEqual(body);
  const { status, title, msg } = REFUSALS[code];
  expect(JSON.parse(body.toString())).toEqual({
    ret: status,
    msg,
    code,
    type: `urn:gewe-gateway:refusal:${code}`,
    title,
    status,
    detail: 'Do this.',
    requestId: 'id',
    retryAt: 'then',
  });
});

test.each(CODES)(
  '%s has its own status for a client that understands HTTP status codes',
  (code) => {
    const { status, contentType } = render(code, 'http');

    expect([status, contentType]).toEqual([REFUSALS[code].status, 'application/problem+json']);
  },
);

test.each(CODES)(
  "%s has status 200 for a client in GEWE's format, unless the upstream failed",
  (code) => {
    const { status, contentType } = render(code, 'gewe');

    const own = REFUSALS[code].status;
    expect([status, contentType]).toEqual([own < 500 ? 200 : own, 'application/json']);
  },
);

test.each([
  'fetchContactsList',
  'fetchContactsListCache',
  '//contacts/fetchContactsList',
  '/v2/api/contacts/fetchcontactslist/',
])("every refusal of %s has its own status, even in GEWE's format", (target) => {
  for (const code of CODES) {
    expect(render(code, 'gewe', target).status).toBe(REFUSALS[code].status);
  }
});
