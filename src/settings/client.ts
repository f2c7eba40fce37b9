import { z } from 'zod';
import { KNOWN_OPERATIONS } from '../gewe/operations.ts';
import { nearestName } from '../near-name.ts';
import { exactOrigin } from './addresses.ts';

/** The pattern of a client's name, in the clients file and in `GATEWAY_KEYS`. */
export const CLIENT_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** What is wrong with a client's name, and what one looks like. */
export const CLIENT_NAME_RULE =
  'the name of a client is 1 to 64 of A-Z a-z 0-9 _ . -, the first a letter or digit';

const OPERATIONS: readonly string[] = ['read', 'write', 'all', ...KNOWN_OPERATIONS];

/** An unknown name is not repeated: it may be a key in the wrong place. */
function operationRule(input: unknown): string {
  const near = typeof input === 'string' ? nearestName(input, OPERATIONS) : undefined;
  return near === undefined
    ? `must be one of ${OPERATIONS.join(', ')}`
    : `is not a known operation; did you mean ${near}?`;
}

const keyRule = 'must be "sha256:" and 64 lowercase hexadecimal digits';
const keyHash = z
  .string({ error: keyRule })
  .regex(/^sha256:[0-9a-f]{64}$/, keyRule)
  .transform((text) => text.slice('sha256:'.length));

/** An appId in which `*` matches any run of characters. */
export const appIdPattern = z
  .string()
  .regex(
    /^[A-Za-z0-9_.:@*-]{1,128}$/,
    'must be 1 to 128 of A-Z a-z 0-9 _ . : @ -, with * for any run of them',
  );

/** A day. A session is a secret in a page, so it must be short. */
const LONGEST_SESSION_SECONDS = 86_400;
/** Of one person or page, unless the clients file says otherwise. */
export const SUBJECT_REQUESTS_PER_MINUTE = 60;
const secondsRule = `must be a whole number from 1 to ${LONGEST_SESSION_SECONDS}`;

const requestsRule = 'must be a whole number from 1 to 10000000';

const sessions = z
  .strictObject({
    maxSeconds: z
      .int({ error: secondsRule })
      .min(1, { error: secondsRule })
      .max(LONGEST_SESSION_SECONDS, { error: secondsRule })
      .describe('How long a session may live'),
    requestsPerMinute: z
      .int({ error: requestsRule })
      .min(1, { error: requestsRule })
      .max(10_000_000, { error: requestsRule })
      .describe('Of each subject, or else of each session, within the rate of the client')
      .default(SUBJECT_REQUESTS_PER_MINUTE),
  })
  .describe('Lets it make sessions for front ends, with POST /sessions');

/** A group of operations, or the name of one. */
export const operationName = z.enum(OPERATIONS, { error: ({ input }) => operationRule(input) });

/** The entry of a client in the clients file. */
export const clientEntry = z.strictObject({
  keys: z
    .array(keyHash)
    .min(1, 'must have at least one key; to shut the client out, remove it')
    .describe(
      'sha256 of each key; several may be live at once. Made by the command `keys new`. Only a client that an issuer names can do without',
    )
    .optional(),
  appIds: z
    .array(appIdPattern)
    .min(1, 'must have at least one pattern')
    .describe('Accounts that it may use, * for any run of characters. Default: all')
    .default(['*']),
  operations: z
    .array(operationName)
    .min(1, 'must have at least one operation')
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
    .describe(
      'How refusals look: under their status, or as GEWE would. Default: by the header of the key',
    )
    .optional(),
  origins: z
    .array(exactOrigin)
    .describe('Origins of browsers that may call with its keys or sessions (CORS)')
    .default([]),
  sessions: sessions.optional(),
});

type Lists<T> = { readonly [Key in keyof T]: T[Key] extends (infer E)[] ? readonly E[] : T[Key] };
type Entry = Lists<z.output<typeof clientEntry>>;

/** A program that may call, from the clients file or `GATEWAY_KEYS`. Contains no key, so it can be logged. */
export interface Client extends Omit<Entry, 'keys'> {
  readonly name: string;
  readonly requestsPerMinute: number;
}

/** Finds the client of a request. */
export interface ClientDirectory {
  /** The client that has this key. The time it takes says nothing about the keys. */
  find(key: string): Client | undefined;
  /** Whether any client lists this origin: a CORS preflight shows no key. */
  knowsOrigin(origin: string): boolean;
  /** A client and the ids of its keys, for tokens that name them. */
  byName(name: string): KnownClient | undefined;
}

export interface KnownClient {
  readonly client: Client;
  readonly keyIds: ReadonlySet<string>;
}

/** The client of every request if `GATEWAY_AUTH` is `none`. It has no origins: any web page could call then. */
export function anonymousClient(requestsPerMinute: number): Client {
  // No client of a file can have this name.
  return clientWithAllRights('(anonymous)', requestsPerMinute);
}

/** A client that may call every operation for every account, but from no browser. */
export function clientWithAllRights(name: string, requestsPerMinute: number): Client {
  return {
    name,
    appIds: ['*'],
    operations: ['all'],
    requestsPerMinute,
    errors: undefined,
    origins: [],
    sessions: undefined,
  };
}
