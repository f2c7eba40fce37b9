/** An entry of the journal as Redis has it: `<at> <count> <outcome as JSON>`, and in a second line the other facts as JSON. */
import { createHash } from 'node:crypto';
import type { AttemptEntry, AttemptFacts, CountedRefusal } from '../../history/ports.ts';

/** Without names: there are many entries. */
type FactsInJson = readonly [
  client: string,
  subject: string | null,
  option: AttemptFacts['option'],
  target: string,
  requestId: string,
];

export function factsOf({ client, subject, option, target, requestId }: AttemptFacts): string {
  const facts: FactsInJson = [client, subject ?? null, option, target, requestId];
  return JSON.stringify(facts);
}

/** An entry as the scripts write it. */
export function entryText(entry: Omit<AttemptEntry, 'id'>): string {
  const { at, count, outcome } = entry;
  return `${at} ${count} ${outcomeText(outcome)}\n${factsOf(entry)}`;
}

export function outcomeText(outcome: AttemptEntry['outcome']): string {
  return outcome.kind === 'pending' ? `${PENDING}${outcome.until}}` : JSON.stringify(outcome);
}

export function readEntry(appId: string, id: string, text: string): AttemptEntry {
  const [, at, count, outcome = '', json = ''] = /^(\S+) (\S+) (.*)\n(.*)$/.exec(text) ?? [];
  const [client, subject, option, target, requestId] = JSON.parse(json) as FactsInJson;
  return {
    ...{ id, appId, client, subject: subject ?? undefined, option, target, requestId },
    at: Number(at),
    count: Number(count),
    outcome: readOutcome(outcome),
  };
}

function readOutcome(json: string): AttemptEntry['outcome'] {
  const outcome = JSON.parse(json) as AttemptEntry['outcome'];
  switch (outcome.kind) {
    case 'sent':
      return { kind: 'sent', ret: outcome.ret };
    case 'refused':
      return { kind: 'refused', code: outcome.code, rule: outcome.rule };
    case 'returned':
    case 'unknown':
    case 'pending':
      return outcome;
    default:
      return outcome satisfies never;
  }
}

const MINUTE_MS = 60_000;

/** The same for all refusals that have one entry. It is not the name of any other entry. */
export function refusalName({ client, subject, code, rule, at }: CountedRefusal): string {
  const kind = JSON.stringify([client, subject, code, rule]);
  const digest = createHash('sha256').update(kind).digest('base64url').slice(0, 12);
  return `${Math.floor(at / MINUTE_MS)}:${digest}`;
}

/** Begins the outcome of an entry that is pending. */
export const PENDING = '{"kind":"pending","until":';
