import { describe, expect, test } from '@jest/globals';
import { isLoopback } from '../../../src/settings/addresses.ts';
import { parseGatewayKeys } from '../../../src/settings/secrets.ts';
import { parseToken } from '../../../src/settings/token.ts';

describe('a token', () => {
  test.each([
    'f3b1c2d4-5e6f',
    'a.b_c~d+e/f=',
    'YWJjZGVmZw==',
    'ABC=',
    'pass=word',
    'a"b',
    'test-token',
    'simulator-token',
    'gewe-token',
  ])('is accepted unchanged: %s', (text) => {
    expect(parseToken(text)).toEqual({ token: text });
  });

  test.each(['abc\n', 'abc\r\n', '  abc ', '\ufeffabc\n'])('is trimmed: %j', (text) => {
    expect(parseToken(text)).toEqual({ token: 'abc' });
  });

  test.each([
    [undefined, 'missing'],
    ['', 'missing'],
    ['  \n', 'blank'],
    ['changeme', 'placeholder'],
    ['ChangeMe', 'placeholder'],
    ['change-me', 'placeholder'],
    ['CHANGE_ME!', 'placeholder'],
    ['your-token', 'placeholder'],
    ['your_token_here', 'placeholder'],
    ['YOUR_GEWE_TOKEN', 'placeholder'],
    ['yourtoken', 'placeholder'],
    ['<token>', 'placeholder'],
    ['<your token>', 'placeholder'],
    ['${GEWE_TOKEN}', 'placeholder'],
    ['${GEWE_TOKEN:-}', 'placeholder'],
    ['$GEWE_TOKEN', 'placeholder'],
    ['$ENV://GEWE_TOKEN', 'placeholder'],
    ['{{ token }}', 'placeholder'],
    ['xxxx', 'placeholder'],
    ['...', 'placeholder'],
    ['....', 'placeholder'],
    ['…', 'placeholder'],
    ['gwk_...', 'placeholder'],
    ['***', 'placeholder'],
    ['token', 'placeholder'],
    ['undefined', 'placeholder'],
    ['%GEWE_TOKEN%', 'placeholder'],
    ['$(cat token)', 'placeholder'],
    ['"..."', 'quote'],
    ['"abc"', 'quote'],
    ["'abc'", 'quote'],
    ['"abc', 'quote'],
    ["abc'", 'quote'],
    ['“abc”', 'quote'],
    ['`abc`', 'quote'],
    ['GEWE_TOKEN=abc', 'NAME=value'],
    ['GEWE_TOKEN="abc"', 'NAME=value'],
    ['GEWE_TOKEN = abc', 'NAME=value'],
    ['export GEWE_TOKEN=abc', 'NAME=value'],
    ['export x=abc', 'NAME=value'],
    ['gewe_token=abc', 'NAME=value'],
    ['GEWE_TOKEN=abc\nOPS_TOKEN=def', 'NAME=value'],
    ['abc\ndef', 'one line'],
    ['abc\rdef', 'one line'],
    ['abc def', 'space'],
    ['abc\tdef', 'space'],
    ['tökén', 'ASCII'],
    ['令牌', 'ASCII'],
    ['abc\u0000def', 'ASCII'],
    ['abc\u007f', 'ASCII'],
    ['a'.repeat(4097), 'longer'],
  ])('is refused: %j', (text, why) => {
    const parsed = parseToken(text);
    expect(parsed).toEqual({ problem: expect.stringContaining(why) });
    if (text !== undefined && text.length > 3) {
      expect(JSON.stringify(parsed)).not.toContain(text.trim() || 'never');
    }
  });
});

describe('a host', () => {
  test.each(['127.0.0.1', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1', 'localhost', 'LOCALHOST'])(
    'is loopback: %s',
    (host) => expect(isLoopback(host)).toBe(true),
  );

  test.each(['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'example.com', '127.0.0.1.example.com'])(
    'is not loopback: %s',
    (host) => expect(isLoopback(host)).toBe(false),
  );
});

describe('GATEWAY_KEYS', () => {
  test('splits at commas, and each entry at its first colon', () => {
    expect(parseGatewayKeys('crm:abc:def, bot:x', 'gewe-gateway')).toEqual({
      keys: [
        { name: 'crm', key: 'abc:def' },
        { name: 'bot', key: 'x' },
      ],
      problems: [],
    });
    expect(parseGatewayKeys(undefined, 'gewe-gateway')).toEqual({ keys: [], problems: [] });
  });

  test.each([
    ['crm:abc,', 'entry 2 is empty'],
    ['sesame', 'entry 1 has no colon'],
    ['crm:', 'is missing or empty'],
    [':sesame', 'entry 1 has a name'],
    ['-crm:sesame', 'entry 1 has a name'],
    [`${'a'.repeat(65)}:sesame`, 'entry 1 has a name'],
    ['crm:open sesame', 'has a space'],
    ['crm:sésame', 'ASCII'],
    ['crm:changeme', 'placeholder'],
    ['crm:${CRM_KEY}', 'placeholder'],
  ])('refuses %j without repeating a key', (text, why) => {
    const { problems } = parseGatewayKeys(text, 'gewe-gateway');
    expect(problems).toHaveLength(1);
    expect(problems[0]?.problem).toContain(why);
    expect(JSON.stringify(problems)).not.toMatch(/sesame|sésame|changeme|CRM_KEY/);
  });
});
