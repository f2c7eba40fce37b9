import { expect, test } from '@jest/globals';
import { isSameOrigin } from '../../../src/http/same-origin.ts';

test.each([
  ['http://gw.example.com:8080', 'gw.example.com:8080', undefined],
  ['https://gw.example.com', 'gw.example.com', undefined],
  // A proxy in front may send its own Host.
  ['https://gw.example.com', 'internal:8080', 'same-origin'],
])('a page of %s calls its own origin at Host %s, Sec-Fetch-Site %s', (origin, host, site) => {
  expect(isSameOrigin({ origin, host, ...(site && { 'sec-fetch-site': site }) })).toBe(true);
});

test.each([
  ['http://evil.test', 'gw.example.com', undefined],
  ['http://gw.example.com', 'gw.example.com:8080', undefined],
  ['http://gw.example.com:8080', 'gw.example.com', undefined],
  ['null', 'gw.example.com', undefined],
  ['http://gw.example.com', 'gw.example.com', 'same-site'],
  ['http://gw.example.com', 'gw.example.com', 'cross-site'],
  ['http://gw.example.com', undefined, undefined],
  [undefined, 'gw.example.com', undefined],
])(
  'a page of %s does not call its own origin at Host %s, Sec-Fetch-Site %s',
  (origin, host, site) => {
    expect(
      isSameOrigin({
        ...(origin !== undefined && { origin }),
        ...(host !== undefined && { host }),
        ...(site && { 'sec-fetch-site': site }),
      }),
    ).toBe(false);
  },
);
