import { networkInterfaces } from 'node:os';
import { expect, test } from '@jest/globals';
import { leadsTo } from '../../../src/settings/addresses.ts';

const own = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .filter(({ family }) => family === 'IPv4')
  .map(({ address }) => address);

test.each(own)('%s, an address of this machine, reaches a listener on all addresses', (address) => {
  const url = new URL(`http://${address}:8080/v2/api`);
  expect(leadsTo(url, { host: '0.0.0.0', port: 8080 })).toBe(true);
  expect(leadsTo(url, { host: '0.0.0.0', port: 8081 })).toBe(false);
});

test('an address of another machine does not reach a listener here', () => {
  const url = new URL('http://192.0.2.1:8080/v2/api');
  expect(leadsTo(url, { host: '0.0.0.0', port: 8080 })).toBe(false);
});
