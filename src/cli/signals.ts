const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Resolves at the next SIGTERM or SIGINT (Ctrl-C), which then does not end the process by itself.
 *
 * @param again takes the signals after that; without it they end the process. It listens before this one stops to: a
 *   signal in between would find nobody, and kill
 */
export function nextSignal(again?: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      for (const name of STOP_SIGNALS) {
        if (again !== undefined) process.on(name, again);
        process.off(name, stop);
      }
      resolve(signal);
    };
    for (const name of STOP_SIGNALS) process.on(name, stop);
  });
}
