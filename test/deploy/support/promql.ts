import { parser } from '@prometheus-io/lezer-promql';

interface Matcher {
  readonly label: string;
  readonly value: string;
}

/** The series that a PromQL expression uses. */
export interface Mentions {
  /** Each selector, with the labels that it matches. */
  readonly selectors: readonly { readonly metric: string; readonly matchers: readonly Matcher[] }[];
  /** Labels that it groups, matches or joins by. */
  readonly labels: readonly string[];
}

/** Throws if the expression is not PromQL. It may contain Grafana's own variables. */
export function mentionsIn(expression: string): Mentions {
  const query = expression.replaceAll('$__rate_interval', '5m');
  const selectors: { metric: string; matchers: Matcher[] }[] = [];
  const labels: string[] = [];
  let label = '';
  parser.parse(query).iterate({
    enter({ type, from, to, node }) {
      const text = query.slice(from, to);
      if (type.isError) throw new Error(`No PromQL at "${query.slice(from)}": ${expression}`);
      if (type.name === 'VectorSelector') selectors.push({ metric: '', matchers: [] });
      const selector = selectors.at(-1);
      const isInMatcher = node.parent?.type.name === 'UnquotedLabelMatcher';
      if (type.name === 'Identifier' && selector !== undefined) selector.metric = text;
      if (type.name === 'LabelName' && isInMatcher) label = text;
      else if (type.name === 'LabelName') labels.push(text);
      if (type.name === 'StringLiteral' && isInMatcher) {
        selector?.matchers.push({ label, value: text.slice(1, -1) });
      }
    },
  });
  return { selectors, labels };
}
