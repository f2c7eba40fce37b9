import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../time.ts';
import type { Caller, OwnCall } from './caller.ts';
import type { ForwardedCall, Forwarder } from './forwarder.ts';
import type { Outcome } from './outcome.ts';
import type { Scrubber } from './scrub.ts';
import type { TokenSource } from './token.ts';

/** What a call is about, for observers. One object for each call. */
export interface Subject {
  readonly operation: string;
  readonly appId: string;
}

/**
 * Told the outcome of every call, in the order of arrival. What it throws is logged and holds nothing up.
 *
 * @param path what follows the base URL
 */
export type Observer = (subject: Subject, outcome: Outcome, path: string) => void;

/** The upstream as the rest of the gateway sees it: no token, no repeat, no secret in what comes back. */
export interface Upstream {
  /** A call of the gateway's own, which outlives whoever caused it. */
  call(subject: Subject, call: OwnCall): Promise<Outcome>;
  /** A caller's request, passed on. */
  forward(
    req: IncomingMessage,
    res: ServerResponse,
    subject: Subject,
    call: ForwardedCall,
  ): Promise<Outcome>;
  close(): Promise<void>;
}

interface UpstreamParts {
  readonly caller: Caller;
  readonly forwarder: Forwarder;
  readonly tokens: TokenSource;
  readonly scrubber: Scrubber;
  readonly clock: Clock;
  readonly observers: readonly Observer[];
  /** A fault of ours while a call was handled, for the log. Must not throw. */
  onFault(error: unknown): void;
}

type Send = (token: string, deadlineMs: number) => Promise<Outcome>;

export function createUpstream(parts: UpstreamParts): Upstream {
  const { caller, forwarder, tokens, scrubber, clock, observers, onFault } = parts;

  /**
   * The token is put on here. A call that the upstream turned away for its token is repeated once, if the token
   * has changed since, within what is left of its deadline.
   */
  async function exchange(deadlineMs: number, send: Send): Promise<Outcome> {
    const startedAt = clock.now();
    let used = tokens.current();
    let outcome = await send(used, deadlineMs);
    if (outcome.kind === 'token-rejected' && (await tokens.refresh(used))) {
      used = tokens.current();
      outcome = await send(used, Math.max(1, deadlineMs - (clock.now() - startedAt)));
      // The first one did reach the upstream.
      if ('sent' in outcome) outcome = { ...outcome, sent: true };
    }
    if (outcome.kind === 'token-rejected') tokens.report(used, 'rejected');
    if (outcome.kind === 'answered') tokens.report(used, 'accepted');
    return scrubbed(outcome, scrubber);
  }

  /** The same, told to the observers. Never rejects: after a fault of ours the upstream may still have carried it out. */
  async function observed(
    subject: Subject,
    { path, deadlineMs }: Pick<OwnCall, 'path' | 'deadlineMs'>,
    send: Send,
  ): Promise<Outcome> {
    const outcome = await exchange(deadlineMs, send).catch((error: unknown): Outcome => {
      onFault(error);
      return { kind: 'invalid', why: 'an answer that the gateway failed to handle' };
    });
    for (const observe of observers) {
      try {
        observe(subject, outcome, path);
      } catch (error) {
        onFault(error);
      }
    }
    return outcome;
  }

  return {
    call: (subject, call) =>
      observed(subject, call, (token, deadlineMs) => caller.call({ ...call, deadlineMs }, token)),
    forward: (req, res, subject, call) =>
      observed(subject, call, (token, deadlineMs) =>
        forwarder.forward(req, res, { ...call, deadlineMs }, token),
      ),
    async close() {
      forwarder.close();
      await caller.close();
    },
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
