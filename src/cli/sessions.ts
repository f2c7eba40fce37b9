import { LONGEST_SESSION_MS } from '../auth/ports.ts';
import { KNOWN_FOR_MS, newSigningKey } from '../auth/signing-keys.ts';
import { openSessionsBeside } from '../stores/open-sessions.ts';
import { StoreOpenError } from '../stores/stores.ts';
import { showProblems } from './check.ts';
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Io } from './io.ts';
import { readSettings } from './read-settings.ts';
import { redact } from './redact.ts';

const help = (program: string) => `Usage: ${program} sessions rotate-key

Makes a new key that signs session tokens, in the store that the settings name. Gateways that are running use it within a
second. Tokens that the old key has signed stay good for as long as the clients file lets a session live.

Exit code: 0 done, 1 the store cannot be used now, 64 usage, 78 a setting has to be corrected.
`;

/** `gewe-gateway sessions rotate-key`: the exit code. */
export async function sessions(args: readonly string[], io: Io): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    io.stdout.write(help(io.program));
    return EXIT_OK;
  }
  if (args.length !== 1 || args[0] !== 'rotate-key') {
    io.stderr.write(`Say what to do: sessions rotate-key.\n\n${help(io.program)}`);
    return EXIT_USAGE;
  }
  const { env, loaded, problems, warnings } = readSettings(io);
  const { stdout, stderr } = redact(io, env);
  if (loaded === undefined) {
    stderr.write(showProblems(problems, warnings));
    return EXIT_CONFIG;
  }
  const maxSeconds = loaded.clients.entries.map(({ client }) => client.sessions?.maxSeconds ?? 0);
  // A client may have been removed a moment ago, but then its sessions are gone too.
  const longestMs = Math.min(Math.max(...maxSeconds, 0) * 1000, LONGEST_SESSION_MS);
  try {
    const until = await rotateKey(loaded.settings.storeUrl, longestMs);
    stdout.write(`A new key signs session tokens. Older tokens are accepted until ${until}.\n`);
    return EXIT_OK;
  } catch (error) {
    if (error instanceof StoreOpenError) stderr.write(`STORE_URL: ${error.message}\n`);
    else stderr.write(`The store cannot be used now: ${(error as Error).message}\n`);
    return error instanceof StoreOpenError ? EXIT_CONFIG : EXIT_FAILED;
  }
}

/** @returns until when the tokens of before are accepted, ISO 8601 */
async function rotateKey(storeUrl: string, longestMs: number): Promise<string> {
  const store = await openSessionsBeside(storeUrl);
  try {
    const now = store.clock.now();
    const retiresAt = now + KNOWN_FOR_MS + longestMs;
    await store.sessions.rotateKey(newSigningKey(now), retiresAt);
    return new Date(retiresAt).toISOString();
  } finally {
    await store.close();
  }
}
