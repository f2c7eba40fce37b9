import type { Client, ClientDirectory } from './client.ts';
import type { ClientEntry } from './clients.ts';
import { createClientDirectory, entriesOfKeys, hashKey, parseClients } from './clients.ts';
import type { IssuerSettings } from './issuer.ts';
import { showName, type Problem } from './problem.ts';
import type { Secrets } from './secrets.ts';
import { readTextFileSync, watchFile, whyNoText, type FileLook } from './text-file.ts';

/** The sources of the list of clients. */
export interface ClientSources {
  /** The clients file, an absolute path; undefined if there is none. */
  readonly file: string | undefined;
  /** The file as people know it, if that is not its path. */
  readonly fileShownAs?: string;
  /** `GATEWAY_KEYS`. */
  readonly keys: Secrets['keys'];
  /** Of a client whose entry says nothing. */
  readonly requestsPerMinute: number;
  /** The upstream token of this moment: no client may have it as a key. */
  readonly upstreamToken: () => string | undefined;
  /** The command that runs this program here. */
  readonly program: string;
}

/** All clients and issuers, and the content of the file that they come from. */
export interface LoadedClients {
  readonly entries: readonly ClientEntry[];
  readonly issuers: readonly IssuerSettings[];
  readonly look: FileLook | undefined;
}

/** A client, and its place in a file or variable, as in a Problem. */
interface Placed {
  readonly entry: ClientEntry;
  readonly place: Pick<Problem, 'setting' | 'file' | 'line'>;
}

type Joined = Omit<LoadedClients, 'look'> | { problems: readonly Problem[] };

/** Reads the clients file and joins it with `GATEWAY_KEYS`. A missing file is a problem. */
export function readClients(
  sources: ClientSources,
): LoadedClients | { readonly problems: readonly Problem[] } {
  const look = sources.file === undefined ? undefined : readTextFileSync(sources.file);
  const joined = join(look, sources);
  return 'problems' in joined ? joined : { ...joined, look };
}

/** If the file is broken, the problems of `GATEWAY_KEYS` are reported in the same run. */
function join(look: FileLook | undefined, sources: ClientSources): Joined {
  const fromFile = placedInFile(look, sources);
  const fromKeys = entriesOfKeys(sources.keys, sources.requestsPerMinute).map((entry) => ({
    entry,
    place: { setting: `GATEWAY_KEYS: ${showName(entry.client.name)}` },
  }));
  const all = [...('placed' in fromFile ? fromFile.placed : []), ...fromKeys];
  const problems = [
    ...('problems' in fromFile ? fromFile.problems : []),
    ...conflicts(all, sources),
  ];
  if (problems.length > 0) return { problems };
  const issuers = 'issuers' in fromFile ? fromFile.issuers : [];
  return { entries: all.map(({ entry }) => entry), issuers };
}

function placedInFile(
  look: FileLook | undefined,
  { file = '', fileShownAs = file, requestsPerMinute }: ClientSources,
):
  | { readonly placed: readonly Placed[]; readonly issuers: readonly IssuerSettings[] }
  | { readonly problems: readonly Problem[] } {
  if (look === undefined) return { placed: [], issuers: [] };
  if (look.kind !== 'text') {
    const problem = `cannot be used: ${whyNoText(look)}`;
    const remedy = 'Set it to the path of a readable file, or unset it for config/clients.yaml.';
    // The path is not repeated: it could be a secret that was put into the wrong variable.
    return { problems: [{ setting: 'GATEWAY_CLIENTS', problem, remedy }] };
  }
  const parsed = parseClients(look.text, fileShownAs, requestsPerMinute);
  if ('problems' in parsed) return parsed;
  const placed = parsed.entries.map((entry) => {
    const { name } = entry.client;
    const line = parsed.lineOf(['clients', name]);
    return { entry, place: { setting: `clients.${showName(name)}`, file: fileShownAs, line } };
  });
  return { placed, issuers: parsed.issuers };
}

/** A file that was there at the start. */
function isGone(
  look: Exclude<FileLook, { kind: 'text' }>,
  { file = '', fileShownAs = file }: ClientSources,
): Problem {
  const problem = `cannot be used: ${whyNoText(look)}`;
  return {
    setting: fileShownAs,
    problem,
    remedy: 'Put it back, or correct it.',
    file: fileShownAs,
  };
}

/** The problems between clients that are each correct: a name and a key must lead to exactly one of them. */
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
        problem: 'has a client whose name contains the upstream token',
        remedy: 'Rename it: logs and metrics show names.',
      });
    }
    for (const hash of entry.keyHashes) {
      const owner = owners.get(hash);
      if (owner !== undefined) {
        const problem = `has a key ${owner === name ? 'twice' : `that ${showName(owner)} has too`}`;
        problems.push({ ...place, problem, remedy: 'Give every client its own keys.' });
      }
      owners.set(hash, name);
      if (hash !== tokenHash) continue;
      problems.push({
        ...place,
        problem: 'has the upstream token as a key',
        remedy: `Give it its own key (\`${program} keys new NAME\`): the upstream token must not be shared.`,
      });
    }
  }
  return problems;
}

export interface WatchClientsOptions {
  /** Reports a broken file; the previous clients stay in force. Must not throw. */
  readonly onProblems: (problems: readonly Problem[]) => void;
  /** Reports that a changed file is in force from now on. Must not throw. */
  readonly onTakenOver?: (clients: readonly Client[]) => void;
  /** Default 250. */
  readonly pollMs?: number;
}

/** The issuers of the clients file, which change with it. */
export interface IssuerDirectory {
  issuers(): readonly IssuerSettings[];
  /** Calls `listener` after each change of the file. It must not throw. */
  onIssuers(listener: () => void): void;
}

/** The clients of this moment, and how they stand to the file on the disk. */
export interface WatchedClients {
  /** The names of all configured clients. */
  names(): readonly string[];
  /** Whether the file as it is now is in force: not if it is broken or gone. Undefined if there is no file. */
  isTakenOver(): boolean | undefined;
  stop(): void;
}

/** A directory that follows its file. Without a file it never changes. */
export function watchClients(
  loaded: LoadedClients,
  sources: ClientSources,
  options: WatchClientsOptions,
): ClientDirectory & IssuerDirectory & WatchedClients {
  const { onProblems, onTakenOver, pollMs = 250 } = options;
  let { entries, issuers } = loaded;
  let directory = createClientDirectory(entries);
  let takenOver = true;
  const issuerListeners: (() => void)[] = [];

  const takeOver = (look: FileLook) => {
    const joined =
      look.kind === 'text' ? join(look, sources) : { problems: [isGone(look, sources)] };
    takenOver = !('problems' in joined);
    if ('problems' in joined) return onProblems(joined.problems);
    // A new directory: keys that the old one had accepted are hashed and looked up again.
    directory = createClientDirectory(joined.entries);
    ({ entries, issuers } = joined);
    for (const listener of issuerListeners) listener();
    onTakenOver?.(joined.entries.map(({ client }) => client));
  };
  const watch =
    sources.file === undefined
      ? undefined
      : watchFile(sources.file, takeOver, { known: loaded.look, pollMs });

  return {
    find: (key) => directory.find(key),
    knowsOrigin: (origin) => directory.knowsOrigin(origin),
    byName: (name) => directory.byName(name),
    issuers: () => issuers,
    onIssuers: (listener) => void issuerListeners.push(listener),
    names: () => entries.map(({ client }) => client.name),
    isTakenOver: () => (watch === undefined ? undefined : takenOver),
    stop: () => watch?.stop(),
  };
}
