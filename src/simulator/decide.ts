/** Decides on the response to a call: from something in front of GEWE, from GEWE, or from another server. */
import { answerTo } from './answers.ts';
import type { Behaviour } from './behaviour.ts';
import type { RecordedCall } from './call-log.ts';
import type { ListSize } from './samples.ts';
import {
  frontAnswer,
  jsonAnswer,
  jsonObject,
  operationOf,
  pathnameOf,
  type WireAnswer,
} from './wire.ts';

/** The simulator's state when the call comes. */
interface Known {
  readonly acceptedToken: string;
  /** The list kept for the account of the call. */
  readonly keptList: ListSize | undefined;
}

interface Decision {
  readonly answer: WireAnswer;
  /** Whether a list is finished with this response, and kept from then on. */
  readonly finishesList: boolean;
}

export function decide(call: RecordedCall, behaviour: Behaviour, known: Known): Decision {
  const front = frontAnswer(behaviour);
  if (front !== undefined) return without(front);
  if (operationOf(pathnameOf(call.path)) === undefined) {
    return without(jsonAnswer({ error: 'Not Found' }, 404));
  }
  if (call.method !== 'POST') {
    return without(jsonAnswer({ ret: 500, msg: `Request method '${call.method}' not supported` }));
  }
  const token = String(call.headers['x-gewe-token'] ?? '');
  const question = { operation: call.operation, token, body: jsonObject(call.body) };
  const envelope = answerTo(question, { ...known, behaviour });
  const echo = behaviour.echoToken ? { 'x-echo-token': token } : {};
  return {
    answer: jsonAnswer(envelope, behaviour.status, echo),
    finishesList:
      call.operation === 'contacts/fetchContactsList' &&
      envelope.ret === 200 &&
      // A GEWE that hangs or dies has not finished.
      !behaviour.hang &&
      !behaviour.reset,
  };
}

function without(answer: WireAnswer): Decision {
  return { answer, finishesList: false };
}
