/** Something in the settings that keeps the gateway from starting. None of its texts contains a secret. */
export interface Problem {
  /** The variable, or the place in the file; the file itself if the problem is about all of it. */
  readonly setting: string;
  /** The end of a sentence that begins with the setting. */
  readonly problem: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Where it is written, if that is in a file. */
  readonly file?: string;
  readonly line?: number;
}

/** A problem as one sentence: `config/clients.yaml line 3: clients.crm must be a map of settings; it is empty`. */
export function inWords({ setting, problem, file, line }: Problem): string {
  const sentence = setting === file ? problem : `${setting} ${problem}`;
  if (file === undefined) return sentence;
  return line === undefined ? `${file}: ${sentence}` : `${file} line ${line}: ${sentence}`;
}

/**
 * A name from a file or variable, as it may be shown. Text that does not look like a name could be a secret in the
 * wrong place, so it is not repeated.
 */
export function showName(name: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,31}$|^__proto__$/.test(name) ? name : '(a name not shown)';
}
