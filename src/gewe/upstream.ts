import type { Clock } from '../time.ts';
import type { UpstreamCall, UpstreamClient } from './client.ts';
import { afterAnother, type Outcome } from './outcome.ts';
import type { Scrubber } from './scrub.ts';
import type { TokenSource } from './token.ts';

/** What a call is about, for observers. One object for each call. */
export interface Subject {
  readonly operation: string;
  readonly appId: string;
}

/**
 * Hears the outcome of every call, in the order of arrival. What it throws is logged and holds nothing up.
 *
 * @param path what follows the base URL
 */
export type Observer = (subject: Subject, outcome: Outcome, path: string) => void;

/** The upstream as the rest of the gateway sees it: no token, no repeat, no secret in what comes back. */
export interface Upstream {
  /** Never rejects. */
  call(subject: Subject, call: UpstreamCall): Promise<Outcome>;
  close(): Promise<void>;
}

interface UpstreamParts {
  readonly client: UpstreamClient;
  readonly tokens: TokenSource;
  readonly scrubber: Scrubber;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly observers: readonly Observer[];
  /** A fault of ours while a call was handled, for the log. Must not throw. */
  onFault(error: unknown): void;
}

export function createUpstream(parts: UpstreamParts): Upstream {
  const { client, tokens, scrubber, clock, observers, onFault } = parts;

  /** The call once more, with the token that is in force since, within what is left of its deadline. */
  function repeat(call: UpstreamCall, startedAt: number): Promise<Outcome> {
    const deadlineMs = Math.max(1, call.deadlineMs - (clock.monotonic() - startedAt));
    return client.call({ ...call, deadlineMs }, tokens.current());
  }

  /** Puts the token on. If the upstream turns that away and it has changed since, the call is repeated once. */
  async function exchange(call: UpstreamCall): Promise<Outcome> {
    const startedAt = clock.monotonic();
    let used = tokens.current();
    let outcome = await client.call(call, used);
    if (outcome.kind === 'token-rejected' && (await tokens.refresh(used))) {
      used = tokens.current();
      outcome = afterAnother(await repeat(call, startedAt));
    }
    if (outcome.kind === 'token-rejected') tokens.report(used, 'rejected');
    if (outcome.kind === 'answered') tokens.report(used, 'accepted');
    return scrubbed(outcome, scrubber);
  }

  function notify(subject: Subject, outcome: Outcome, path: string): void {
    for (const observe of observers) {
      try {
        observe(subject, outcome, path);
      } catch (error) {
        onFault(error);
      }
    }
  }

  return {
    async call(subject, call) {
      let outcome: Outcome;
      try {
        outcome = await exchange(call);
      } catch (error) {
        onFault(error);
        // The upstream may have carried it out all the same.
        outcome = { kind: 'invalid', why: 'an answer that the gateway failed to handle' };
      }
      notify(subject, outcome, call.path);
      return outcome;
    },
    close: client.close,
  };
}

function scrubbed(outcome: Outcome, scrubber: Scrubber): Outcome {
  if (outcome.kind !== 'answered') return outcome;
  const { answer } = outcome;
  const body = scrubber.bytes(answer.body);
  if (body === undefined) {
    return { kind: 'invalid', why: 'an answer that repeats the token again and again' };
  }
  const contentType = scrubber.text(answer.contentType);
  return { kind: 'answered', answer: { ...answer, body, contentType } };
}
