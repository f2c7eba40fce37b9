export interface LogTap {
  /** For the overrides of a gateway. */
  readonly logTo: { write(lines: string): void };
  /** Every line so far, as it was written. */
  readonly lines: readonly string[];
  /** Resolves with the first line, past or to come, that has this text. */
  waitFor(text: string, from?: number): Promise<string>;
}

/** A log whose lines can be awaited, so that no test sleeps until a watched file was read. */
export function createLogTap(): LogTap {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  return {
    lines,
    logTo: {
      write(written) {
        lines.push(...written.trimEnd().split('\n'));
        for (const look of [...waiting]) look();
      },
    },
    waitFor(text, from = 0) {
      const { promise, resolve } = Promise.withResolvers<string>();
      const look = () => {
        const found = lines.slice(from).find((line) => line.includes(text));
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      return promise;
    },
  };
}
