import type { AttemptFacts } from '../history/ports.ts';
import type { Trace } from '../gewe/headers.ts';
import type { AddRequest } from './request.ts';

/** The client, the subject and the request behind an attempt. */
export interface Asker {
  readonly client: string;
  readonly subject: string | undefined;
  readonly trace: Trace;
}

interface Asked extends Asker {
  readonly appId: string;
  readonly request: AddRequest;
}

const OPTIONS = { add: 2, accept: 3, reject: 4 } as const;

/** Enough to tell the people of one account apart, 72 bits. */
const DIGEST_CHARACTERS = 12;

/** An attempt as the journal has it. */
export function entryFacts({ appId, client, subject, request, trace }: Asked): AttemptFacts {
  return {
    appId,
    client,
    subject,
    option: OPTIONS[request.kind],
    target: request.target.slice(0, DIGEST_CHARACTERS),
    requestId: trace.requestId,
  };
}
