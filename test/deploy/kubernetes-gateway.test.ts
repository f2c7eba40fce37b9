/** Checks of the manifests beyond their schema: they match the gateway, its image and its documents. */
import { describe, expect, test } from '@jest/globals';
import { VARIABLE_NAMES } from '../../src/settings/env.ts';
import { checkEnvironment } from './support/check-environment.ts';
import { deployed } from './support/manifests.ts';
import { bytesOf, valkeyBytes } from './support/quantities.ts';
import {
  containerOf,
  gateway,
  ofKind,
  podOf,
  the,
  valkey,
  workloads,
  type EnvEntry,
} from './support/workloads.ts';

const container = containerOf(gateway);
const env = container.env as readonly EnvEntry[];
const valueOf = (name: string) => env.find((entry) => entry.name === name)?.value ?? '';

describe('the gateway', () => {
  test('has only variables that it reads', () => {
    const known: readonly string[] = VARIABLE_NAMES;
    expect(env.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([]);
  });

  test('has valid settings with the secrets of the recipe', async () => {
    const secrets: Readonly<Record<string, string>> = {
      STORE_URL: 'redis://:a-password@valkey:6379',
      OPS_TOKEN: 'an-ops-token',
    };
    const environment = Object.fromEntries(
      env.map(({ name, value }) => [name, value ?? secrets[name] ?? '']),
    );
    const policy = the('ConfigMap', 'gewe-gateway')['data']['gateway.yaml'] as string;

    const { code, output } = await checkEnvironment(environment, {
      '/run/secrets/gewe/token': 'a-token',
      '/run/secrets/clients/clients.yaml': deployed('../config/clients.example.yaml'),
      '/etc/gewe-gateway/gateway.yaml': policy,
    });

    expect(output).toContain('redis://');
    expect(code).toBe(0);
  });

  test('is probed on paths that it answers, and its readiness does not depend on the store', () => {
    const pathOf = (probe: string) => [
      container[probe].httpGet.path,
      container[probe].httpGet.port,
    ];
    expect(pathOf('startupProbe')).toEqual(['/readyz', 'http']);
    expect(pathOf('readinessProbe')).toEqual(['/healthz', 'http']);
    expect(pathOf('livenessProbe')).toEqual(['/healthz', 'http']);
  });

  test('has enough time to finish running calls after it gets no new ones', () => {
    const beforeSigterm = container.lifecycle.preStop.sleep.seconds as number;
    const grace = Number(valueOf('SHUTDOWN_GRACE_MS')) / 1000;
    const closing = 5;
    expect(beforeSigterm).toBeGreaterThanOrEqual(5);
    expect(podOf(gateway)['spec'].terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
      beforeSigterm + grace + closing,
    );
  });

  test('has three replicas, also during a rollout', () => {
    expect(gateway['spec'].replicas).toBe(3);
    expect(gateway['spec'].strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    expect(the('PodDisruptionBudget', 'gewe-gateway')['spec'].maxUnavailable).toBe(1);
  });

  test('runs as the user of its image', () => {
    const user = /^USER (\d+):(\d+)$/m.exec(deployed('Dockerfile'));
    const { runAsUser, runAsGroup } = podOf(gateway)['spec'].securityContext;
    expect([runAsUser, runAsGroup].map(String)).toEqual([user?.[1], user?.[2]]);
  });
});

describe('secrets', () => {
  interface Volume {
    readonly name: string;
    readonly secret?: { readonly secretName: string };
  }
  const volumes = podOf(gateway)['spec'].volumes as readonly Volume[];
  const mounts = container.volumeMounts as readonly {
    name: string;
    mountPath: string;
    subPath?: string;
  }[];
  /** The Secret that is mounted where a path leads, and the key that becomes the file. */
  const behind = (path: string) => {
    const mount = mounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
    const volume = volumes.find(({ name }) => name === mount?.name);
    return {
      name: volume?.secret?.secretName,
      key: path.slice((mount?.mountPath.length ?? 0) + 1),
    };
  };

  test('are mounted as folders', () => {
    expect(mounts.filter(({ subPath }) => subPath !== undefined)).toEqual([]);
    expect(mounts.map(({ name }) => name).sort()).toEqual(volumes.map(({ name }) => name).sort());
  });

  test('are in no manifest, and the recipe creates each of them', () => {
    const recipe = deployed('../docs/recipes/run-three.md').replaceAll('\\\n', ' ');
    const needed = [
      behind(valueOf('GEWE_TOKEN_FILE')),
      behind(valueOf('GATEWAY_CLIENTS')),
      ...[...env, ...(containerOf(valkey).env as readonly EnvEntry[])].flatMap(({ valueFrom }) =>
        valueFrom === undefined ? [] : [valueFrom.secretKeyRef],
      ),
    ];
    expect(ofKind('Secret')).toEqual([]);
    for (const { name, key } of needed) {
      const made = new RegExp(`create secret generic ${name} .*`).exec(recipe)?.[0];
      const givesKey =
        made?.includes(`${key}=`) === true ||
        (made?.includes('--from-env-file') === true && recipe.includes(`${key}=`));
      expect({ name, key, givesKey }).toEqual({ name, key, givesKey: true });
    }
  });
});

test.each(workloads)('$metadata.name has no more rights than it needs', (workload) => {
  const { securityContext, automountServiceAccountToken } = podOf(workload)['spec'];
  expect(automountServiceAccountToken).toBe(false);
  expect(securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(containerOf(workload).securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
});

test('the memory limits exceed 300 MB for a gateway, and the configured memory of Valkey', () => {
  expect(bytesOf(container.resources.limits.memory)).toBeGreaterThan(bytesOf('300M'));
  const config = the('ConfigMap', 'valkey')['data']['valkey.conf'] as string;
  expect(bytesOf(containerOf(valkey).resources.limits.memory)).toBeGreaterThan(valkeyBytes(config));
});

test('the ConfigMap of Valkey is deploy/valkey.conf', () => {
  expect(the('ConfigMap', 'valkey')['data']['valkey.conf']).toBe(deployed('valkey.conf'));
});
