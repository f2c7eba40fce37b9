import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  CLIENT_NAME,
  CLIENT_NAME_RULE,
  clientEntry,
  clientWithAllRights,
  type Client,
  type ClientDirectory,
} from './client.ts';
import type { Problem } from './problem.ts';
import type { Secrets } from './secrets.ts';
import { readYaml, type LineOf } from './yaml-file.ts';

/** The clients file. */
export const clientsFile = z.strictObject({
  clients: z
    .record(z.string().regex(CLIENT_NAME, CLIENT_NAME_RULE), clientEntry)
    .describe('The clients that may call, by name'),
});

/** A client and the hashes of its keys. The two are apart so that a client can be logged. */
export interface ClientEntry {
  readonly client: Client;
  /** sha256 of each key, 64 lowercase hexadecimal digits. */
  readonly keyHashes: readonly string[];
}

/**
 * The clients from the text of their file.
 *
 * @param file as people know it, for the problems
 * @param requestsPerMinute of a client whose entry says nothing
 */
export function parseClients(
  text: string,
  file: string,
  requestsPerMinute: number,
):
  | { readonly entries: readonly ClientEntry[]; readonly lineOf: LineOf }
  | { readonly problems: readonly Problem[] } {
  const example = 'config/clients.example.yaml';
  const read = readYaml(text, clientsFile, { file, example });
  if ('problems' in read) return read;
  const entries = Object.entries(read.data.clients).map(([name, { keys, ...options }]) => ({
    client: {
      name,
      ...options,
      requestsPerMinute: options.requestsPerMinute ?? requestsPerMinute,
    },
    keyHashes: keys,
  }));
  return { entries, lineOf: read.lineOf };
}

/** The form in which the gateway knows a key: its sha256 in lowercase hexadecimal digits. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** A name for a key that does not lead to it. @param hash the key's sha256, as `hashKey` makes it */
export function keyIdOf(hash: string): string {
  return createHash('sha256').update(`key-id:${hash}`).digest('base64url').slice(0, 16);
}

/** The clients of `GATEWAY_KEYS`, which may do everything. */
export function entriesOfKeys(keys: Secrets['keys'], requestsPerMinute: number): ClientEntry[] {
  return keys.map(({ name, key }) => ({
    client: clientWithAllRights(name, requestsPerMinute),
    keyHashes: [hashKey(key)],
  }));
}

/**
 * Finds clients by the key that they show.
 *
 * The lookup by digest needs no constant-time comparison. The time it takes could at most tell how far the digest of
 * the shown key agrees with a known one, and callers cannot choose a digest: to come one byte closer they would have
 * to search for another preimage, and a digest that is known in full still gives no key.
 */
export function createClientDirectory(entries: readonly ClientEntry[]): ClientDirectory {
  const byDigest = new Map(
    entries.flatMap(({ client, keyHashes }) => keyHashes.map((hash) => [hash, client] as const)),
  );
  const byName = new Map(
    entries.map(({ client, keyHashes }) => [
      client.name,
      { client, keyIds: new Set(keyHashes.map(keyIdOf)) },
    ]),
  );
  const origins = new Set(entries.flatMap(({ client }) => client.origins));
  // Saves the hash of every later request. Only accepted keys are kept, so there are never more than known hashes, and
  // the text of a refused key never stays. A `Map` compares texts only after their hashes, which V8 seeds at random.
  const accepted = new Map<string, Client>();
  return {
    find(shown) {
      const known = accepted.get(shown);
      if (known !== undefined) return known;
      const found = byDigest.get(hashKey(shown));
      if (found !== undefined) accepted.set(shown, found);
      return found;
    },
    knowsOrigin: (origin) => origins.has(origin),
    byName: (name) => byName.get(name),
  };
}
