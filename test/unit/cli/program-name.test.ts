import { describe, expect, test } from '@jest/globals';
import { programName, withOwnScript } from '../../../src/cli/io.ts';

const started = (script: string, env: Record<string, string> = {}, cwd = '/home/ann/gw') =>
  programName({ script, cwd, env });

const npmRun = (event: string, rest: Record<string, string> = {}) => ({
  npm_lifecycle_event: event,
  npm_command: 'run-script',
  npm_package_name: 'gewe-gateway',
  INIT_CWD: '/home/ann/gw',
  ...rest,
});

describe('the command that runs the program again', () => {
  test.each([
    ['start', '/home/ann/gw'],
    ['gewe-gateway', '/home/ann/gw'],
    ['demo', '/home/ann/gw/docs'],
  ])('is the npm script in a checkout: npm run %s from %s', (event, INIT_CWD) => {
    const name = started('/home/ann/gw/src/main.ts', npmRun(event, { INIT_CWD }));
    expect(name).toBe('npm run gewe-gateway --');
  });

  test('includes the folder if npm was told to use it', () => {
    const env = npmRun('start', { INIT_CWD: '/home/ann' });
    expect(started('/home/ann/gw/src/main.ts', env)).toBe(
      'npm --prefix /home/ann/gw run gewe-gateway --',
    );
    expect(started('/a b/src/main.ts', env, '/a b')).toBe(
      'npm --prefix "/a b" run gewe-gateway --',
    );
  });

  test('is npx if npx ran it, or if it is a dependency of another package', () => {
    const npx = { npm_command: 'exec', npm_lifecycle_event: 'npx', npm_package_name: 'crm' };
    expect(started('/home/ann/crm/node_modules/.bin/gewe-gateway', npx)).toBe('npx gewe-gateway');
    const script = npmRun('gateway', { npm_package_name: 'crm' });
    expect(started('/home/ann/crm/node_modules/.bin/gewe-gateway', script)).toBe(
      'npx gewe-gateway',
    );
    expect(started('/home/ann/crm/node_modules/gewe-gateway/dist/main.js')).toBe(
      'npx gewe-gateway',
    );
  });

  test('is its own name if it is installed globally', () => {
    expect(started('/usr/local/bin/gewe-gateway')).toBe('gewe-gateway');
  });

  test('is node with the script if it was called that way', () => {
    expect(started('/home/ann/gw/src/main.ts')).toBe('node src/main.ts');
    expect(started('/app/dist/main.js', {}, '/data')).toBe('node /app/dist/main.js');
    expect(started('/my app/dist/main.js', {}, '/data')).toBe('node "/my app/dist/main.js"');
  });
});

test('in a checkout, a command with its own npm script is called by it', () => {
  expect(withOwnScript('npm run gewe-gateway --', 'demo')).toBe('npm run demo');
  expect(withOwnScript('npm --prefix /gw run gewe-gateway --', 'demo')).toBe(
    'npm --prefix /gw run demo',
  );
  expect(withOwnScript('npx gewe-gateway', 'demo')).toBe('npx gewe-gateway demo');
});
