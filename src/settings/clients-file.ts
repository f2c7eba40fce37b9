import type { Client, ClientDirectory } from './client.ts';
import type { ClientEntry } from './clients.ts';
import { createClientDirectory, entriesOfKeys, hashKey, parseClients } from './clients.ts';
import { showName, type Problem } from './problem.ts';
import type { FileLook } from './read-file.ts';
import { readTextFileSync, whyNoText } from './read-file.ts';
import type { Secrets } from './settings.ts';
import { watchFile } from './watch.ts';

/** What the list of clients is made of. */
export interface ClientSources {
  /** The clients file, an absolute path; undefined where there is none. */
  readonly file: string | undefined;
  /** The same as people know it, if that is not its path. */
  readonly fileShownAs?: string;
  /** `GATEWAY_KEYS`. */
  readonly keys: Secrets['keys'];
  /** Of a client whose entry says nothing. */
  readonly requestsPerMinute: number;
  /** The upstream token of this moment: no client may have it for a key. */
  readonly upstreamToken: () => string | undefined;
  /** The command that runs this program here. */
  readonly program: string;
}

/** All clients, and what the file looked like that they come from. */
export interface LoadedClients {
  readonly entries: readonly ClientEntry[];
  readonly look: FileLook | undefined;
}

/** A client, and its place in a file or variable, as in a Problem. */
interface Placed {
  readonly entry: ClientEntry;
  readonly place: Pick<Problem, 'setting' | 'file' | 'line'>;
}

type Joined = { readonly entries: readonly ClientEntry[] } | { problems: readonly Problem[] };

/** Reads the clients file and joins it with `GATEWAY_KEYS`. A missing file is a problem. */
export function readClients(
  sources: ClientSources,
): LoadedClients | { readonly problems: readonly Problem[] } {
  const look = sources.file === undefined ? undefined : readTextFileSync(sources.file);
  const joined = join(look, sources);
  return 'problems' in joined ? joined : { entries: joined.entries, look };
}

function join(look: FileLook | undefined, sources: ClientSources): Joined {
  const { keys, requestsPerMinute } = sources;
  const file = sources.fileShownAs ?? sources.file ?? '';
  const fromKeys = entriesOfKeys(keys, requestsPerMinute).map((entry) => ({
    entry,
    place: { setting: `GATEWAY_KEYS: ${showName(entry.client.name)}` },
  }));
  if (look !== undefined && look.kind !== 'text') {
    const problem = `cannot be used: ${whyNoText(look)}`;
    const remedy = 'Set it to the path of a readable file, or unset it for config/clients.yaml.';
    // The path is not repeated: it could be a secret that was put into the wrong variable. What GATEWAY_KEYS has of
    // its own wrong is worth telling in the same run.
    return {
      problems: [{ setting: 'GATEWAY_CLIENTS', problem, remedy }, ...conflicts(fromKeys, sources)],
    };
  }
  const parsed = look === undefined ? undefined : parseClients(look.text, file, requestsPerMinute);
  if (parsed !== undefined && 'problems' in parsed) {
    return { problems: [...parsed.problems, ...conflicts(fromKeys, sources)] };
  }
  const fromFile = (parsed?.entries ?? []).map((entry) => {
    const { name } = entry.client;
    const line = parsed?.lineOf(['clients', name]) ?? 1;
    return { entry, place: { setting: `clients.${showName(name)}`, file, line } };
  });
  const all = [...fromFile, ...fromKeys];
  const problems = conflicts(all, sources);
  return problems.length > 0 ? { problems } : { entries: all.map(({ entry }) => entry) };
}

/** What is wrong between clients that are each fine: a key must lead to exactly one of them. */
function conflicts(all: readonly Placed[], { upstreamToken, program }: ClientSources): Problem[] {
  const token = upstreamToken();
  const tokenHash = token === undefined ? undefined : hashKey(token);
  const names = new Set<string>();
  const owners = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { entry, place } of all) {
    const { name } = entry.client;
    if (names.has(name)) {
      const remedy = 'Rename or remove one of the two.';
      problems.push({ ...place, problem: 'is the name of another client too', remedy });
    }
    names.add(name);
    if (token !== undefined && name.includes(token)) {
      problems.push({
        ...place,
        setting: place.setting.split(/[:.]/)[0] ?? '',
        problem: 'has a client whose name holds the upstream token',
        remedy: 'Rename it: logs and metrics show names.',
      });
    }
    for (const hash of entry.keyHashes) {
      const owner = owners.get(hash);
      if (owner !== undefined) {
        const problem = `has a key ${owner === name ? 'twice' : `that ${showName(owner)} has too`}`;
        problems.push({ ...place, problem, remedy: 'Give every client keys of its own.' });
      }
      owners.set(hash, name);
      if (hash !== tokenHash) continue;
      problems.push({
        ...place,
        problem: 'has the upstream token for a key',
        remedy: `Give it a key of its own (\`${program} keys new NAME\`): the token goes to no one.`,
      });
    }
  }
  return problems;
}

export interface WatchClientsOptions {
  /** A broken file; the clients of before stay in force. Must not throw. */
  readonly onProblems: (problems: readonly Problem[]) => void;
  /** A changed file is in force from now on. Must not throw. */
  readonly onTakenOver?: (clients: readonly Client[]) => void;
  /** Default 250. */
  readonly pollMs?: number;
}

/** A directory that follows its file. Without a file, it stays as it is. */
export function watchClients(
  loaded: LoadedClients,
  sources: ClientSources,
  options: WatchClientsOptions,
): ClientDirectory & { stop(): void } {
  const { onProblems, onTakenOver, pollMs = 250 } = options;
  let directory = createClientDirectory(loaded.entries);

  const takeOver = (look: FileLook) => {
    const joined = join(look, sources);
    if ('problems' in joined) return onProblems(joined.problems);
    directory = createClientDirectory(joined.entries);
    onTakenOver?.(joined.entries.map(({ client }) => client));
  };
  const watch =
    sources.file === undefined
      ? undefined
      : watchFile(sources.file, takeOver, { known: loaded.look, pollMs });

  return {
    find: (key) => directory.find(key),
    knowsOrigin: (origin) => directory.knowsOrigin(origin),
    stop: () => watch?.stop(),
  };
}
