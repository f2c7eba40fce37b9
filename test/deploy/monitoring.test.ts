import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { operationLabel } from '../../src/gewe/operations.ts';
import { describeWith } from '../support/describe-with.ts';
import { exposedSeries, LABEL_VALUES } from './support/exposed-series.ts';
import { DEPLOY, deployed } from './support/manifests.ts';
import { mentionsIn } from './support/promql.ts';

/** Labels and metrics that Prometheus adds itself. */
const BY_PROMETHEUS: ReadonlySet<string> = new Set(['job', 'instance']);

interface Rule {
  readonly alert: string;
  readonly expr: string;
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
}

const { groups } = parse(deployed('prometheus/alerts.yaml')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(deployed('grafana/dashboard.json')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
};
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const variables = dashboard.templating.list.flatMap(({ definition = '' }) => {
  const [, query] = /^label_values\((.*), \w+\)$/.exec(definition) ?? [];
  return query === undefined ? [] : [query];
});

const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
  ...variables.map((query) => ['a variable of the dashboard', query] as const),
];

let series: ReadonlyMap<string, ReadonlySet<string>>;
beforeAll(async () => {
  series = await exposedSeries();
});

describe('dashboard and alert rules', () => {
  test.each(expressions)(
    '%s uses only metrics and labels of GET /metrics: %s',
    (_what, expression) => {
      const { selectors, labels } = mentionsIn(expression);
      expect(selectors.length).toBeGreaterThan(0);
      const known = new Set(BY_PROMETHEUS);
      for (const { metric, matchers } of selectors) {
        if (metric !== 'up') expect([...series.keys()]).toContain(metric);
        const own = new Set([...BY_PROMETHEUS, ...(series.get(metric) ?? [])]);
        for (const label of own) known.add(label);
        expect(matchers.filter(({ label }) => !own.has(label))).toEqual([]);
        for (const { label, value } of matchers) expect(impossible(label, value)).toEqual([]);
      }
      expect(labels.filter((label) => !known.has(label))).toEqual([]);
    },
  );

  test('use all of the gateway’s own metrics', () => {
    const asked = new Set(
      expressions
        .flatMap(([, expression]) => mentionsIn(expression).selectors)
        .map(({ metric }) => metric),
    );
    const own = [...series.keys()].filter((name) => !/_(process|nodejs)_|_(sum|count)$/.test(name));
    expect(own.filter((name) => !asked.has(name))).toEqual([]);
  });

  test('are checked for unknown metrics, labels and codes, and for invalid PromQL', () => {
    expect(impossible('operation', 'addContact')).toEqual(['addContact']);
    expect(impossible('code', 'store-unavailable|upstream-.+|gone')).toEqual(['gone']);
    expect(() => mentionsIn('sum(rate(a[5m])')).toThrow('No PromQL');
    expect(mentionsIn('sum by (x) (rate(a{b=~"c|d"}[$__rate_interval]))')).toEqual({
      selectors: [{ metric: 'a', matchers: [{ label: 'b', value: 'c|d' }] }],
      labels: ['x'],
    });
  });
});

/** The alternatives of a matcher that match no value of its label. */
function impossible(label: string, pattern: string): readonly string[] {
  const values = LABEL_VALUES[label];
  const isPossible = (one: string) =>
    label === 'operation'
      ? operationLabel(one) === one
      : (values?.some((value) => new RegExp(`^(?:${one})$`).test(value)) ?? true);
  return pattern.split('|').filter((one) => !isPossible(one));
}

test('every alert has a summary, a description and a severity', () => {
  for (const rule of rules) {
    expect(rule).toMatchObject({
      alert: expect.stringMatching(/^GeweGateway/),
      labels: { severity: expect.stringMatching(/^(critical|warning)$/) },
      annotations: { summary: expect.any(String), description: expect.any(String) },
    });
  }
});

test('docs/recipes/alerts.md has a section for each alert, in their order', () => {
  const recipe = deployed('../docs/recipes/alerts.md');
  const sections = [...recipe.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  expect(sections).toEqual(rules.map(({ alert }) => alert));
});

test('the panels of the dashboard have different ids and do not overlap', () => {
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});

test('Prometheus scrapes each gateway of compose.yaml by its address, under the job that the rules use', () => {
  const { scrape_configs } = parse(deployed('prometheus/prometheus.yaml')) as {
    readonly scrape_configs: readonly {
      readonly job_name: string;
      readonly dns_sd_configs: readonly {
        readonly names: readonly string[];
        readonly port: number;
      }[];
    }[];
  };
  const [job] = scrape_configs;
  const { services } = parse(deployed('compose.yaml'), { merge: true }) as {
    readonly services: Readonly<
      Record<string, { readonly environment: Readonly<Record<string, string>> }>
    >;
  };
  const { environment = {} } = services['balancer'] ?? {};
  // Targets with names would be scraped under these names, which the ops listener refuses.
  expect(Object.keys(job ?? {}).filter((key) => key.endsWith('_configs'))).toEqual([
    'dns_sd_configs',
    'relabel_configs',
  ]);
  const found = job?.dns_sd_configs.flatMap(({ names, port }) =>
    names.map((name) => `${name}:${port}`),
  );
  expect(found).toEqual([1, 2, 3].map((n) => environment[`OPS_${n}`]));
  const asked = rules
    .flatMap(({ expr }) => mentionsIn(expr).selectors)
    .flatMap(({ matchers }) => matchers);
  expect(new Set(asked.filter(({ label }) => label === 'job').map(({ value }) => value))).toEqual(
    new Set([job?.job_name]),
  );
});

describeWith('promtool', 'Prometheus itself', () => {
  const promtool = (...args: string[]) => execFileSync('promtool', args, { encoding: 'utf8' });

  test('accepts the rules and the configuration', () => {
    expect(promtool('check', 'rules', join(DEPLOY, 'prometheus/alerts.yaml'))).toContain('SUCCESS');
    const config = join(DEPLOY, 'prometheus/prometheus.yaml');
    expect(promtool('check', 'config', '--syntax-only', config)).toContain('SUCCESS');
  });

  test('raises each alert in its scenario, and none otherwise', () => {
    const scenarios = new URL('alerts.promtool.yaml', import.meta.url);
    expect(promtool('test', 'rules', scenarios.pathname)).toContain('SUCCESS');
    const played = deployed('../test/deploy/alerts.promtool.yaml');
    for (const { alert } of rules) expect(played.split(alert).length).toBeGreaterThan(2);
  });
});
