/** What the claims of a verified token allow. Pure. */
import type { IssuerSettings } from '../../settings/issuer.ts';
import type { Grant } from '../caller.ts';
import { LONGEST_SUBJECT, SUBJECT } from '../subject.ts';

export type Claims = Readonly<Record<string, unknown>>;

export type Granted =
  | { readonly kind: 'granted'; readonly subject: string; readonly grant: Grant }
  /** `detail` names the setting, never the claim or its value. */
  | { readonly kind: 'forbidden'; readonly detail: string };

type ClaimRules = Pick<
  IssuerSettings,
  'appIdsClaim' | 'operationsClaim' | 'require' | 'subjectClaim'
>;

/** Of accounts, or of operations. */
const MAX_ENTRIES = 1000;

/** What a token with these claims may do. A claim that is configured has to be there, and of the right type. */
export function judgeClaims(claims: Claims, rules: ClaimRules): Granted {
  for (const [name, values] of Object.entries(rules.require)) {
    if (!holds(claimOf(claims, name), values)) {
      return forbidden('The token lacks a value that the gateway requires (require).');
    }
  }
  const subject = claimOf(claims, rules.subjectClaim);
  if (typeof subject !== 'string' || subject.length > LONGEST_SUBJECT || !SUBJECT.test(subject)) {
    return forbidden(
      `The token does not name a person: that claim (subjectClaim) has to be a text of 1 to ${LONGEST_SUBJECT} characters, without control characters.`,
    );
  }
  const appIds = listed(claims, rules.appIdsClaim);
  if (appIds === 'unusable') return forbidden(unusable('accounts', 'appIdsClaim'));
  const operations = listed(claims, rules.operationsClaim);
  if (operations === 'unusable') return forbidden(unusable('operations', 'operationsClaim'));
  return { kind: 'granted', subject, grant: { appIds, operations } };
}

function forbidden(detail: string): Granted {
  return { kind: 'forbidden', detail };
}

function unusable(what: string, setting: string): string {
  return `The token does not list ${what}: that claim (${setting}) has to be a list of texts, or one text with spaces between them, with at most ${MAX_ENTRIES} entries.`;
}

/** The claim of this very name, or else what is at the end of this path. */
export function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, part)) return undefined;
    value = (value as Claims)[part];
  }
  return value;
}

/** Undefined if no claim narrows. */
function listed(
  claims: Claims,
  name: string | undefined,
): readonly string[] | 'unusable' | undefined {
  if (name === undefined) return undefined;
  const claim = claimOf(claims, name);
  const entries: unknown =
    typeof claim === 'string' ? claim.split(' ').filter((entry) => entry !== '') : claim;
  if (!Array.isArray(entries) || entries.length > MAX_ENTRIES) return 'unusable';
  return entries.every((entry) => typeof entry === 'string') ? entries : 'unusable';
}

function holds(claim: unknown, values: IssuerSettings['require'][string]): boolean {
  const entries: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  const isPlain = entries.every((one) => ['string', 'number', 'boolean'].includes(typeof one));
  return isPlain && values.some((value) => entries.includes(value));
}
