import { median } from './stats.ts';

/** `×` is a ratio in which the gateway comes first. */
export type Unit = '×' | 'ms' | 's' | 'MB' | 'calls';

export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** One line of the table, measured. */
export interface Row {
  /** For `npm run bench -- NAME`. */
  readonly name: string;
  readonly what: string;
  readonly unit: Unit;
  /** None: only to know. */
  readonly goal?: Goal | undefined;
  /** One value for each round. */
  readonly values: readonly number[];
  /** The absolute figures behind a ratio, or how the value came about. */
  readonly context: string;
}

/** Whether the median reaches the goal; undefined without a goal. */
export function reached({ goal, values }: Pick<Row, 'goal' | 'values'>): boolean | undefined {
  if (goal === undefined) return undefined;
  const value = median(values);
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
}
