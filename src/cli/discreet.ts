import { createScrubber } from '../gewe/scrub.ts';
import { knownSecrets } from '../settings/secrets.ts';
import type { Io } from './io.ts';

/** Takes text for people. */
export interface Output {
  write(text: string): void;
}

/**
 * The outputs of a command, with every secret of `env` cut out of what is written to them: whatever a message repeats, a
 * secret that was also put into the wrong variable is not in it.
 */
export function discreet(
  { stdout, stderr, cwd }: Pick<Io, 'stdout' | 'stderr' | 'cwd'>,
  env: NodeJS.ProcessEnv,
): { readonly stdout: Output; readonly stderr: Output; scrub(text: string): string } {
  // The host of a URL is shown in lower case, whatever it was given in.
  const secrets = knownSecrets(env, cwd).flatMap((secret) => [secret, secret.toLowerCase()]);
  const scrubber = createScrubber(() => secrets);
  const into = (output: NodeJS.WritableStream): Output => ({
    write: (text) => void output.write(scrubber.text(text)),
  });
  return { stdout: into(stdout), stderr: into(stderr), scrub: scrubber.text };
}
