import { expect, test } from '@jest/globals';
import { ListenError, whyNotListening } from '../../src/listen-error.ts';

const failure = (fields: object) => Object.assign(new Error('listen: secret-name'), fields);

test.each([
  [
    { code: 'EACCES', syscall: 'listen', address: '127.0.0.1', port: 80 },
    ' on 127.0.0.1:80: ',
    'PORT',
  ],
  [
    { code: 'EADDRINUSE', syscall: 'listen', address: '::1', port: 8080 },
    ' on [::1]:8080: ',
    'PORT',
  ],
  [
    { code: 'EADDRNOTAVAIL', syscall: 'listen', address: '192.0.2.1', port: 80 },
    '192.0.2.1',
    'HOST',
  ],
  [{ code: 'EAI_AGAIN', syscall: 'getaddrinfo', hostname: 'secret-name' }, ' listen: ', 'HOST'],
  [
    { code: 'EINVAL', syscall: 'listen', address: 'secret-name', port: 80 },
    ' listen: ',
    'HOST and PORT',
  ],
])(
  '%j is reported with the address, the code and the setting, and without a host name',
  (fields, place, setting) => {
    const cause = failure(fields);
    for (const [listener, prefix] of [
      ['client', ''],
      ['ops', 'OPS_'],
    ] as const) {
      const text = whyNotListening(new ListenError(listener, cause));
      expect(text).toContain(`the ${listener} listener`);
      expect(text).toContain(place);
      expect(text).toContain(`(${fields.code})`);
      expect(text).toMatch(
        new RegExp(` (?:Set|set|Correct) ${prefix}${setting.replace('and ', `and ${prefix}`)}\\b`),
      );
      expect(text).not.toContain('secret-name');
    }
  },
);
