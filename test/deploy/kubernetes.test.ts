/** Checks of the manifests beyond their schema: they match each other. */
import { describe, expect, test } from '@jest/globals';
import type { Manifest } from './support/manifests.ts';
import {
  containerOf,
  gateway,
  manifests,
  ofKind,
  podOf,
  the,
  valkey,
  workloads,
  type EnvEntry,
} from './support/workloads.ts';

type Labels = Readonly<Record<string, string>>;
const fits = (labels: Labels, selector: Labels) =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);
/** The workload whose pods carry these labels. */
const selected = (selector: Labels) =>
  workloads.filter((workload) => fits(podOf(workload).metadata.labels ?? {}, selector));

test('everything is in the one namespace', () => {
  const [namespace] = ofKind('Namespace');
  for (const { kind, metadata } of manifests) {
    if (kind !== 'Namespace') expect(metadata.namespace).toBe(namespace?.metadata.name);
  }
});

describe('labels and selectors', () => {
  test.each(workloads)('$kind $metadata.name selects its own pods', (workload) => {
    expect(selected(workload['spec'].selector.matchLabels)).toEqual([workload]);
  });

  test.each([...ofKind('Service'), ...ofKind('PodDisruptionBudget'), ...ofKind('NetworkPolicy')])(
    '$kind $metadata.name selects existing pods',
    ({ kind, metadata, spec }) => {
      const selector =
        kind === 'Service' ? spec.selector : (spec.podSelector ?? spec.selector).matchLabels;
      if (metadata.name === 'nothing-else') expect(selector).toBeUndefined();
      else expect(selected(selector).map((one) => one.metadata.name)).toEqual([metadata.name]);
    },
  );

  test('the spread over nodes and zones selects the gateways', () => {
    for (const { labelSelector } of podOf(gateway)['spec'].topologySpreadConstraints) {
      expect(selected(labelSelector.matchLabels)).toEqual([gateway]);
    }
  });
});

describe('ports', () => {
  const portsOf = (workload: Manifest): ReadonlyMap<string | number, number> =>
    new Map(
      containerOf(workload).ports.flatMap((port: { name: string; containerPort: number }) => [
        [port.name, port.containerPort],
        [port.containerPort, port.containerPort],
      ]),
    );

  test('are those on which the gateway and the store listen', () => {
    expect(portsOf(gateway).get('http')).toBe(8080);
    expect(portsOf(gateway).get('ops')).toBe(9090);
    expect(portsOf(valkey).get('valkey')).toBe(6379);
  });

  test.each(ofKind('Service'))('$metadata.name leads to a port of its pods', ({ spec }) => {
    const [workload] = selected(spec.selector);
    for (const { port, targetPort } of spec.ports) {
      expect(portsOf(workload as Manifest).get(targetPort)).toBe(port);
    }
  });

  test('in network policies are ports of the selected pods', () => {
    for (const { metadata, spec } of ofKind('NetworkPolicy')) {
      const [own] = selected(spec.podSelector.matchLabels ?? { none: 'of them' });
      for (const { ports } of spec.ingress ?? []) {
        for (const { port } of ports)
          expect([metadata.name, portsOf(own as Manifest).has(port)]).toEqual([
            metadata.name,
            true,
          ]);
      }
    }
    const egress = the('NetworkPolicy', 'gewe-gateway')['spec'].egress as readonly Manifest[];
    const store = egress.find(
      ({ to }) => to[0].namespaceSelector === undefined && to[0].podSelector !== undefined,
    );
    const [behind] = selected(store?.['to'][0].podSelector.matchLabels);
    expect(portsOf(behind as Manifest).has(store?.['ports'][0].port)).toBe(true);
  });

  test('and address of the upstream in the network policy are those of GEWE_BASE_URL', () => {
    const baseUrl = containerOf(gateway).env.find(
      (entry: EnvEntry) => entry.name === 'GEWE_BASE_URL',
    ).value as string;
    const { hostname, port } = new URL(baseUrl);
    const egress = the('NetworkPolicy', 'gewe-gateway')['spec'].egress as readonly Manifest[];
    const upstream = egress.filter(({ to }) => to[0].ipBlock !== undefined);
    expect(upstream).toEqual([
      { to: [{ ipBlock: { cidr: `${hostname}/32` } }], ports: [{ port: Number(port) }] },
    ]);
  });
});
