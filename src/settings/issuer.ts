/** The identity providers of the clients file, whose tokens the gateway accepts. */
import { z } from 'zod';
import { isHttpsOrLoopback } from './addresses.ts';
import { CLIENT_NAME, CLIENT_NAME_RULE } from './client.ts';
import { showName } from './problem.ts';

/** The pattern of an issuer's name in the clients file. */
export const ISSUER_NAME = CLIENT_NAME;

export const ISSUER_NAME_RULE = CLIENT_NAME_RULE.replace('a client', 'an issuer');

const urlRule = (without: string) =>
  `must be a URL with https (or with http, if it is on this machine), without a user name, a password, ${without}`;

/** The claim `iss` has to equal it, so it is kept as it is written. OpenID Connect Discovery 1.0 section 3: no query. */
const issuerUrl = z
  .string()
  .max(2048, 'must have at most 2048 characters')
  .refine(
    (text) => isHttpsOrLoopback(text) && !text.includes('?'),
    urlRule('a query or a fragment'),
  );

const jwksUrl = z
  .string()
  .max(2048, 'must have at most 2048 characters')
  .refine(isHttpsOrLoopback, urlRule('or a fragment'));

/** zod's own message for a union says nothing of its members. */
const orMissing =
  (rule: string) =>
  ({ input }: { readonly input: unknown }) =>
    input === undefined ? `is missing; it ${rule}` : rule;

const AUDIENCE_RULE =
  'must be a text, or a list of texts, each of 1 to 1024 characters; the list must not be empty';
const audienceText = z.string().min(1, AUDIENCE_RULE).max(1024, AUDIENCE_RULE);
const audience = z
  .union([audienceText, z.array(audienceText).min(1, AUDIENCE_RULE)], {
    error: orMissing(AUDIENCE_RULE),
  })
  .transform((one) => (typeof one === 'string' ? [one] : one));

const claimName = z
  .string()
  .min(1, 'must not be empty')
  .max(256, 'must have at most 256 characters');

const claimValue = z.union([z.string(), z.number(), z.boolean()], {
  error: orMissing('must be a text, a number, true or false'),
});

/** The entry of an issuer in the clients file. */
export const issuerEntry = z.strictObject({
  issuer: issuerUrl.describe(
    'What the claim iss has to be, to the letter. Its discovery document names the keys, unless jwksUrl does',
  ),
  jwksUrl: jwksUrl
    .describe('The keys of the issuer (JWKS). Default: what its discovery document names')
    .optional(),
  audience: audience.describe('One of these has to be in the claim aud'),
  client: z
    .string()
    .regex(CLIENT_NAME, CLIENT_NAME_RULE)
    .describe('The client whose rights, rate and origins apply. It needs no keys'),
  appIdsClaim: claimName
    .describe('The claim that lists the accounts of the token. Default: those of the client')
    .optional(),
  operationsClaim: claimName
    .describe('The claim that lists the operations of the token. Default: those of the client')
    .optional(),
  require: z
    .record(claimName, z.array(claimValue).min(1, 'must have at least one value'))
    .describe('Claims that must be one of the listed values, or a list that has one of them')
    .default({}),
  subjectClaim: claimName
    .describe('The claim that names the person, for the log. Default: sub')
    .default('sub'),
});

type Entry = z.output<typeof issuerEntry>;

/** An identity provider whose tokens are accepted. */
export interface IssuerSettings extends Readonly<Omit<Entry, 'audience' | 'require'>> {
  readonly name: string;
  readonly audience: readonly string[];
  /** The values that each named claim may have. */
  readonly require: Readonly<Record<string, Entry['require'][string]>>;
}

type Report = (path: readonly string[], problem: string) => void;

/**
 * What the entries of a clients file have to keep between them. Entries that are wrong in themselves are here as well, so
 * nothing is known of their types.
 */
export function checkIssuers(file: unknown, context: z.core.$RefinementCtx): void {
  const report: Report = (path, message) =>
    context.addIssue({ code: 'custom', path: [...path], message });
  const clients = mapOf(mapOf(file)?.['clients']);
  const issuers = Object.entries(mapOf(mapOf(file)?.['issuers']) ?? {}).map(
    ([name, entry]) => [name, mapOf(entry) ?? {}] as const,
  );
  if (clients !== undefined) {
    checkClients(clients, new Set(issuers.map(([, { client }]) => client)), report);
    for (const [name, { client }] of issuers) {
      if (typeof client !== 'string' || Object.hasOwn(clients, client)) continue;
      report(['issuers', name, 'client'], 'must be the name of a client of this file');
    }
  }
  checkOverlaps(issuers, report);
}

/** A client without a key could never call, unless an issuer names it. Sessions are made with a key. */
function checkClients(
  clients: Readonly<Record<string, unknown>>,
  named: ReadonlySet<unknown>,
  report: Report,
): void {
  for (const [name, client] of Object.entries(clients)) {
    const entry = mapOf(client);
    if (entry === undefined || entry['keys'] !== undefined) continue;
    if (!named.has(name)) {
      const hint = 'only a client that an issuer names can do without';
      report(['clients', name, 'keys'], `is missing; it must be a list (${hint})`);
    } else if (entry['sessions'] !== undefined) {
      report(['clients', name, 'keys'], 'is missing; a client with sessions makes them with a key');
    }
  }
}

/** A token that fits two issuers could have the rights of either. */
function checkOverlaps(
  issuers: readonly (readonly [string, Readonly<Record<string, unknown>>])[],
  report: Report,
): void {
  const seen: {
    readonly name: string;
    readonly issuer: unknown;
    readonly audience: Set<unknown>;
  }[] = [];
  for (const [name, { issuer, audience }] of issuers) {
    if (typeof issuer !== 'string' || !Array.isArray(audience)) continue;
    const other = seen.find(
      (one) => one.issuer === issuer && audience.some((text) => one.audience.has(text)),
    );
    if (other !== undefined) {
      report(
        ['issuers', name],
        `has an audience that ${showName(other.name)} has for its issuer too`,
      );
    }
    seen.push({ name, issuer, audience: new Set<unknown>(audience) });
  }
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Readonly<Record<string, unknown>>;
}
