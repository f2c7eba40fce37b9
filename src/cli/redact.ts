import { createScrubber } from '../gewe/scrub.ts';
import { knownSecrets, passwordsIn } from '../settings/secrets.ts';
import type { Io } from './io.ts';

/** Takes text. */
export interface Output {
  write(text: string): void;
}

/**
 * The outputs of a command, with every secret of `env` cut out of the text. A secret that was also put into the wrong
 * variable is then not printed, whatever a message repeats.
 *
 * @param urls may have passwords too
 */
export function redact(
  { stdout, stderr, cwd }: Pick<Io, 'stdout' | 'stderr' | 'cwd'>,
  env: NodeJS.ProcessEnv,
  urls: readonly string[] = [],
): { readonly stdout: Output; readonly stderr: Output; scrub(text: string): string } {
  // URL puts host names in lower case.
  const known = [...knownSecrets(env, cwd), ...urls.flatMap(passwordsIn)];
  const secrets = known.flatMap((secret) => [secret, secret.toLowerCase()]);
  const scrubber = createScrubber(() => secrets);
  const into = (output: NodeJS.WritableStream): Output => ({
    write: (text) => void output.write(scrubber.text(text)),
  });
  return { stdout: into(stdout), stderr: into(stderr), scrub: scrubber.text };
}
