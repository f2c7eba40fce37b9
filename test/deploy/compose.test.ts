import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DCLinter } from 'dclint';
import { parse } from 'yaml';
import { VARIABLE_NAMES } from '../../src/settings/env.ts';
import { checkEnvironment } from './support/check-environment.ts';
import { DEPLOY, deployed } from './support/manifests.ts';
import { binaryBytesOf, bytesOf, valkeyBytes } from './support/quantities.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Mount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
}

interface Service {
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly networks: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes: readonly Mount[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly mem_limit: string;
  readonly stop_grace_period: string;
}

/** Node's module resolution does not find the types of this package. */
interface LintResult {
  readonly messages: readonly { readonly rule: string; readonly message: string }[];
}

const text = deployed('compose.yaml');
const { services, networks } = parse(text, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
};
const the = (name: string) => services[name] as Service;
const gateways = Object.keys(services).filter((name) => name.startsWith('gateway-'));
const balancerConfig = deployed('haproxy.cfg');

/** The rules that a Compose file breaks, without those of style. */
function complaints(path: string): readonly string[] {
  const linter = new DCLinter({ rules: {}, quiet: false, debug: false, exclude: [] });
  const results: readonly LintResult[] = linter.lintFiles([path], false);
  return results
    .flatMap(({ messages }) => messages)
    .filter(({ rule }) => !rule.endsWith('-order'))
    .map(({ rule, message }) => `${rule}: ${message}`);
}

describe('compose.yaml', () => {
  test('follows the Compose specification', () => {
    expect(complaints(join(DEPLOY, 'compose.yaml'))).toEqual([]);
  });

  test.each([
    ['a misspelt key', 'stop_grace_period', 'stop_grace_perod', 'invalid-schema'],
    ['a port that every interface has', '127.0.0.1:8404:', '8404:', 'no-unbound-port-interfaces'],
  ])('is checked for %s', async (_what, right, wrong, rule) => {
    const folder = await temporaryFolder();
    const path = join(folder.path, 'compose.yaml');
    await writeFile(path, text.replace(right, wrong));

    const found = complaints(path);
    await folder.remove();

    expect(found.join('\n')).toContain(rule);
  });

  test('uses exactly the variables in its .env.example', () => {
    const asked = new Set([...text.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name));
    const told = [...deployed('.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    expect([...asked].sort()).toEqual(told.sort());
  });
});

describe('the gateways', () => {
  const [first = ''] = gateways;

  test('are three, configured alike', () => {
    expect(gateways).toHaveLength(3);
    for (const name of gateways) expect(the(name)).toEqual(the(first));
  });

  test('have only variables that the gateway reads, with valid values', async () => {
    const { environment, volumes } = the(first);
    const known: readonly string[] = VARIABLE_NAMES;
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);

    // The variables of the image, then those of this file.
    const image = [
      ...(/^ENV (.+)$/m.exec(deployed('Dockerfile'))?.[1] ?? '').matchAll(/(\w+)=(\S+)/g),
    ];
    const said = {
      GEWE_BASE_URL: 'http://gewe:2531/v2/api',
      OPS_TOKEN: 'an-ops-token',
      VALKEY_PASSWORD: 'a-password',
    };
    const filled = Object.entries(environment).map(([name, value]) => [
      name,
      value.replace(/\$\{(\w+)[^}]*\}/g, (_all, of: keyof typeof said) => said[of]),
    ]);
    const { code, output } = await checkEnvironment(
      {
        ...Object.fromEntries(image.map(([, name, value]) => [name, value])),
        ...Object.fromEntries(filled),
      },
      {
        [`${volumes[0]?.target}/gewe-token`]: 'a-token',
        [`${volumes[1]?.target}/gateway.yaml`]: deployed('../config/gateway.yaml'),
        [`${volumes[1]?.target}/clients.yaml`]: deployed('../config/clients.example.yaml'),
      },
    );

    expect(output).toContain('redis://');
    expect(code).toBe(0);
  });

  test('mount the folder of their token file read-only, and git ignores it', () => {
    const { environment, volumes } = the(first);
    const token = environment['GEWE_TOKEN_FILE'];
    const folder = volumes.find(({ target }) => token?.startsWith(`${target}/`) === true);
    expect(folder).toMatchObject({ type: 'bind', source: './secrets', read_only: true });
    expect(deployed('../.gitignore')).toMatch(/^deploy\/secrets\/$/m);
  });

  test('have more time to stop than SHUTDOWN_GRACE_MS', () => {
    const { environment, stop_grace_period } = the(first);
    const closing = 5;
    expect(Number.parseInt(stop_grace_period)).toBeGreaterThanOrEqual(
      Number(environment['SHUTDOWN_GRACE_MS']) / 1000 + closing,
    );
  });
});

test('only the balancer is published, and only on this machine', () => {
  for (const [name, { ports = [] }] of Object.entries(services)) {
    const published = name === 'balancer' ? /^127\.0\.0\.1:(\d+):\1$/ : /^nothing$/;
    for (const port of ports) expect(port).toMatch(published);
  }
});

test('the store can be reached neither from outside nor by the balancer', () => {
  expect(networks['store']).toEqual({ internal: true });
  expect(the('valkey').networks).toEqual(['store']);
  expect(the('balancer').networks).toEqual(['callers']);
});

test.each(Object.entries(services))('%s has no more rights than it needs', (_name, service) => {
  expect(service).toMatchObject({
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    restart: 'unless-stopped',
  });
  expect(service.image).not.toMatch(/:latest$/);
});

test('the memory limits exceed 300 MB for a gateway, and the configured memory of Valkey', () => {
  for (const name of gateways) {
    expect(binaryBytesOf(the(name).mem_limit)).toBeGreaterThan(bytesOf('300M'));
  }
  expect(binaryBytesOf(the('valkey').mem_limit)).toBeGreaterThan(
    valkeyBytes(deployed('valkey.conf')),
  );
});

describe('the balancer', () => {
  const { environment, ports = [], stop_grace_period } = the('balancer');

  test('has an address for every place in its configuration, and for each gateway', () => {
    const asked = new Set([...balancerConfig.matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    expect([...asked].sort()).toEqual(Object.keys(environment).sort());
    const placesOf = (prefix: string) =>
      Object.entries(environment)
        .filter(([name]) => /^[A-Z]+_\d$/.test(name) && name.startsWith(prefix))
        .map(([, place]) => place);
    expect(placesOf('GATEWAY_')).toEqual(gateways.map((name) => `${name}:8080`));
    expect(placesOf('OPS_')).toEqual(gateways.map((name) => `${name}:9090`));
  });

  test('listens on its published ports', () => {
    const binds = Object.entries(environment).filter(([name]) => name.endsWith('_BIND'));
    expect(ports.map((port) => port.replace(/^.*:/, ':'))).toEqual(binds.map(([, bind]) => bind));
  });

  test('ends running calls before it is killed', () => {
    const hardStop = Number(/hard-stop-after (\d+)s/.exec(balancerConfig)?.[1]);
    expect(Number.parseInt(stop_grace_period)).toBeGreaterThan(hardStop);
  });
});
