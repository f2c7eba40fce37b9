import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Caller, OwnCall } from './caller.ts';
import type { ForwardedCall, Forwarder } from './forwarder.ts';
import type { Outcome } from './outcome.ts';
import type { Scrubber } from './scrub.ts';
import type { TokenSource } from './token.ts';

/** What a call is about, for those who watch what becomes of calls. */
export interface Subject {
  readonly operation: string;
  readonly appId: string;
}

/** Told the outcome of every call, in the order of arrival. Must not throw. */
export type Observer = (subject: Subject, outcome: Outcome) => void;

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
}

export function createUpstream(parts: UpstreamParts): Upstream {
  const { caller, forwarder, tokens, scrubber, clock, observers } = parts;

  /**
   * The token is put on here. A call that the upstream turned away for its token is repeated once, if the token
   * has changed since, within what is left of its deadline.
   */
  async function exchange(
    subject: Subject,
    deadlineMs: number,
    send: (token: string, deadlineMs: number) => Promise<Outcome>,
  ): Promise<Outcome> {
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
    const clean = scrubbed(outcome, scrubber);
    for (const observe of observers) observe(subject, clean);
    return clean;
  }

  return {
    call: (subject, call) =>
      exchange(subject, call.deadlineMs, (token, deadlineMs) =>
        caller.call({ ...call, deadlineMs }, token),
      ),
    forward: (req, res, subject, call) =>
      exchange(subject, call.deadlineMs, (token, deadlineMs) =>
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
