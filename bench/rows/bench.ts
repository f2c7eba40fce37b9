import type { Row } from '../report/row.ts';

export interface Options {
  /** How often each row is measured. */
  readonly rounds: number;
  /** How long the load of one row lasts in one round. */
  readonly seconds: number;
  /** Of which `memory` keeps a list. */
  readonly accounts: number;
  /** The checkout of another version of the gateway, built; rows against it are left out without one. */
  readonly before: string | undefined;
}

/** Rows that are measured together. */
export interface Bench {
  /** The names of its rows. */
  readonly names: readonly string[];
  /** Programs without which it is left out. */
  readonly needs: readonly string[];
  /** Whether servers have one core and load and upstream another. */
  readonly onTwoCores: boolean;
  /** Measures those of its rows that are wanted. */
  measure(wanted: ReadonlySet<string>, options: Options): Promise<readonly Row[]>;
}

/** Progress, for the person who waits; the table goes to the standard output. */
export function say(line: string): void {
  console.error(line);
}
