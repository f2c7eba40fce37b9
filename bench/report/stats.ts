/** The middle value; of an even number of values the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? NaN) + (sorted[Math.floor(half)] ?? NaN)) / 2;
}

/** The smallest value that is not below the given share (0 to 1) of all values; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  return ascending(values)[Math.max(1, Math.ceil(values.length * share)) - 1] ?? NaN;
}

/** The smallest and the largest value. */
export function spread(values: readonly number[]): {
  readonly least: number;
  readonly most: number;
} {
  return { least: percentile(values, 0), most: percentile(values, 1) };
}

/** Ours divided by theirs, round by round: both were measured one right after the other. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((value, round) => value / (theirs[round] ?? NaN));
}

function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}
