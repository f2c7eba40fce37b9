import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { hashKey } from '../settings/clients.ts';
import { CLIENT_NAME, CLIENT_NAME_RULE } from '../settings/client.ts';
import type { Io } from './io.ts';
import { EXIT_OK, EXIT_USAGE } from './io.ts';

const help = (program: string) => `Usage: ${program} keys new NAME

Makes a key for the client NAME and prints it once, with the lines for the clients file. Those contain only the
key's hash, which cannot be used as a key. Writes no file.
`;

/** `gewe-gateway keys new NAME`: the exit code, 0 or 64. */
export async function keys(args: readonly string[], io: Io): Promise<number> {
  const refuse = (message: string) => {
    io.stderr.write(`${message}\n\n${help(io.program)}`);
    return EXIT_USAGE;
  };

  let positionals: string[];
  try {
    const parsed = parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (parsed.values.help === true) {
      io.stdout.write(help(io.program));
      return EXIT_OK;
    }
    positionals = parsed.positionals;
  } catch {
    return refuse('keys has no such option.');
  }

  const [action, name, ...rest] = positionals;
  if (action !== 'new') return refuse('Say what to do: keys new NAME.');
  if (name === undefined) return refuse('Say for which client: keys new NAME.');
  if (rest.length > 0) return refuse('Only one NAME can be given.');
  if (!CLIENT_NAME.test(name)) return refuse(`This NAME cannot be used: ${CLIENT_NAME_RULE}.`);

  const key = `gwk_${randomBytes(32).toString('base64url')}`;
  io.stdout.write(`The key of ${name}, shown only now. Give it to the client and keep no copy:

  ${key}

For the clients file (config/clients.yaml), below its other entries. For a client that exists, add the hash to its
keys:

clients:
  ${yamlKey(name)}:
    keys: ["sha256:${hashKey(key)}"]
    appIds: ["*"]
    operations: ["read"]
`);
  return EXIT_OK;
}

/** Quoted if YAML would read another type than text: `007`, `true`, `1e3`. */
function yamlKey(name: string): string {
  return stringify(name).trimEnd();
}
