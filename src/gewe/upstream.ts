import type { Clock } from '../time.ts';
import type { UpstreamCall, UpstreamClient } from './client.ts';
import { afterRetry, type Outcome } from './outcome.ts';
import type { Scrubber } from './scrub.ts';
import type { TokenSource } from './token.ts';

/** What a call is about, for observers. One object for each call. */
export interface Subject {
  readonly operation: string;
  readonly appId: string;
}

/** Facts of a call that is over, for observers. */
export interface CallFacts {
  /** After the base URL. */
  readonly path: string;
  /** Of the request that caused it. */
  readonly requestId: string;
  /** A repeat after a rejected token included, milliseconds. */
  readonly durationMs: number;
  /** How long it was allowed to take, milliseconds. */
  readonly deadlineMs: number;
}

/** Gets the outcome of every call, in the order of arrival. What it throws is logged and stops nothing. */
export type Observer = (subject: Subject, outcome: Outcome, call: CallFacts) => void;

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

  /**
   * After the upstream has rejected the token `used`: repeats the call once if the token has changed, within what is left
   * of its deadline.
   */
  async function repeat(call: UpstreamCall, used: string, startedAt: number): Promise<Outcome> {
    if (!(await tokens.refresh(used))) {
      tokens.report(used, 'rejected');
      return { kind: 'token-rejected' };
    }
    const renewed = tokens.current();
    const deadlineMs = Math.max(1, call.deadlineMs - (clock.monotonic() - startedAt));
    const outcome = afterRetry(await client.call({ ...call, deadlineMs }, renewed));
    if (outcome.kind === 'token-rejected') tokens.report(renewed, 'rejected');
    if (outcome.kind === 'answered') tokens.report(renewed, 'accepted');
    return outcome;
  }

  function notify(subject: Subject, outcome: Outcome, facts: CallFacts): void {
    for (const observe of observers) {
      try {
        observe(subject, outcome, facts);
      } catch (error) {
        onFault(error);
      }
    }
  }

  return {
    async call(subject, call) {
      const startedAt = clock.monotonic();
      const used = tokens.current();
      let outcome: Outcome;
      try {
        outcome = await client.call(call, used);
        if (outcome.kind === 'answered') tokens.report(used, 'accepted');
        if (outcome.kind === 'token-rejected') outcome = await repeat(call, used, startedAt);
        outcome = scrubbed(outcome, scrubber);
      } catch (error) {
        onFault(error);
        // The upstream may have carried it out all the same.
        outcome = { kind: 'invalid', why: 'an answer that the gateway failed to handle' };
      }
      const { path, trace, deadlineMs } = call;
      const durationMs = clock.monotonic() - startedAt;
      notify(subject, outcome, { path, requestId: trace.requestId, durationMs, deadlineMs });
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
