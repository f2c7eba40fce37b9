import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { KNOWN_OPERATIONS } from '../gewe/operations.ts';
import { nearestName } from '../near-name.ts';
import type { Client, ClientDirectory } from './client.ts';
import { CLIENT_NAME, CLIENT_NAME_RULE } from './gateway-keys.ts';
import type { Problem } from './problem.ts';
import { problemsIn } from './file-problems.ts';
import type { Secrets } from './settings.ts';
import { parseYaml, type YamlText } from './yaml-file.ts';

/** A client and what its keys are known by. The two are apart so that a client can be logged. */
export interface ClientEntry {
  readonly client: Client;
  /** sha256 of each key, 64 lowercase hexadecimal digits. */
  readonly keyHashes: readonly string[];
}

const requestsRule = 'must be a whole number from 1 to 10000000';

/** Browsers send the origin in exactly one spelling, so only that one can match. */
function isExactOrigin(text: string): boolean {
  return /^https?:\/\/[^*]+$/.test(text) && URL.parse(text)?.origin === text;
}

const OPERATIONS: readonly string[] = ['read', 'write', 'all', ...KNOWN_OPERATIONS];

/** A name that nobody knows is not repeated: it may be a key in the wrong place. */
function operationRule(input: unknown): string {
  const near = typeof input === 'string' ? nearestName(input, OPERATIONS) : undefined;
  return near === undefined
    ? `must be one of ${OPERATIONS.join(', ')}`
    : `is not a known operation; did you mean ${near}?`;
}

const client = z.strictObject({
  keys: z
    .array(
      z
        .string({ error: 'must be "sha256:" and 64 lowercase hexadecimal digits' })
        .regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 lowercase hexadecimal digits'),
    )
    .min(1, 'must hold at least one key; remove the client to shut it out')
    .describe('sha256 of each key; several may be live at once. Made by the command `keys new`'),
  appIds: z
    .array(
      z
        .string()
        .regex(
          /^[A-Za-z0-9_.:@*-]{1,128}$/,
          'must be 1 to 128 of A-Z a-z 0-9 _ . : @ -, with * for any run of them',
        ),
    )
    .min(1, 'must hold at least one pattern')
    .describe('Accounts that it may use, * for any run of characters. Default: all')
    .default(['*']),
  operations: z
    .array(z.enum(OPERATIONS, { error: ({ input }) => operationRule(input) }))
    .min(1, 'must hold at least one operation')
    .describe('read, write, all, or names of operations. Default: read')
    .default(['read']),
  requestsPerMinute: z
    .int({ error: requestsRule })
    .min(1, { error: requestsRule })
    .max(10_000_000, { error: requestsRule })
    .describe('Default: clientRate of the policy file')
    .optional(),
  errors: z
    .enum(['http', 'gewe'])
    .describe('How refusals look: under their status, or as the vendor would')
    .optional(),
  origins: z
    .array(
      z
        .string()
        .refine(
          isExactOrigin,
          'must be an origin as browsers send it, such as https://crm.example.com: lower case, no path, no usual port, no *',
        ),
    )
    .describe('Origins of browsers that may call with its keys (CORS)')
    .default([]),
});

/** The clients file. */
export const clientsFile = z.strictObject({
  clients: z
    .record(z.string().regex(CLIENT_NAME, CLIENT_NAME_RULE), client)
    .describe('Who may call, by name'),
});

/**
 * The clients out of the text of their file.
 *
 * @param file as people know it, for the problems
 * @param requestsPerMinute of a client that says nothing
 */
export function parseClients(
  text: string,
  file: string,
  requestsPerMinute: number,
):
  | { readonly entries: readonly ClientEntry[]; readonly lineOf: YamlText['lineOf'] }
  | { readonly problems: readonly Problem[] } {
  const yaml = parseYaml(text, file);
  if ('problems' in yaml) return yaml;
  const parsed = clientsFile.safeParse(yaml.data ?? {});
  if (!parsed.success) {
    return { problems: problemsIn(file, yaml, parsed.error, 'config/clients.example.yaml') };
  }
  const entries = Object.entries(parsed.data.clients).map(([name, entry]) => ({
    client: {
      name,
      appIds: entry.appIds,
      operations: entry.operations,
      requestsPerMinute: entry.requestsPerMinute ?? requestsPerMinute,
      errors: entry.errors,
      origins: entry.origins,
    },
    keyHashes: entry.keys.map((key) => key.slice('sha256:'.length)),
  }));
  return { entries, lineOf: yaml.lineOf };
}

/** What a key is known by: its sha256 in lowercase hexadecimal digits. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** Clients of `GATEWAY_KEYS`, who may do everything. */
export function entriesOfKeys(keys: Secrets['keys'], requestsPerMinute: number): ClientEntry[] {
  return keys.map(({ name, key }) => ({
    client: {
      name,
      appIds: ['*'],
      operations: ['all'],
      requestsPerMinute,
      errors: undefined,
      origins: [],
    },
    keyHashes: [hashKey(key)],
  }));
}

/**
 * Finds clients by the key that they show. Every known hash is compared, in constant time, whether or not one has
 * matched: how long it takes tells nothing about the keys.
 */
export function createClientDirectory(entries: readonly ClientEntry[]): ClientDirectory {
  const known = entries.flatMap(({ client, keyHashes }) =>
    keyHashes.map((hash) => ({ client, hash: Buffer.from(hash, 'hex') })),
  );
  const origins = new Set(entries.flatMap(({ client }) => client.origins));
  return {
    find(key) {
      const shown = createHash('sha256').update(key).digest();
      let found: Client | undefined;
      for (const { client, hash } of known) {
        if (timingSafeEqual(hash, shown)) found = client;
      }
      return found;
    },
    knowsOrigin: (origin) => origins.has(origin),
  };
}
