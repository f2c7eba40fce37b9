/** The control API, for integration tests of users in any language: they control the simulator over HTTP. */
import type { BehaviourBook } from './behaviour.ts';
import type { CallEnd, RecordedCall } from './call-log.ts';
import { jsonAnswer, type WireAnswer } from './wire.ts';

const PREFIX = '/simulator/';

/** The parts of the simulator that the control API uses. */
interface Controlled {
  readonly behaviours: Pick<BehaviourBook, 'set' | 'forget'>;
  readonly calls: readonly RecordedCall[];
  /** How a call ended; undefined while it is under way. */
  endOf(call: RecordedCall): CallEnd | undefined;
  reset(): void;
}

interface ControlRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly body: Buffer;
}

export function isControlPath(path: string): boolean {
  return path.startsWith(PREFIX);
}

/** Handles one control request. Failures have an English text in `error`. */
export function control(request: ControlRequest, controlled: Controlled): WireAnswer {
  const { method, path, body } = request;
  const [resource = '', ...rest] = path.slice(PREFIX.length).split('/');
  if (resource === 'behaviours' && rest.length === 1 && rest[0] !== '') {
    return controlBehaviours(method, rest[0] ?? '', body, controlled.behaviours);
  }
  if (resource === 'calls' && rest.length === 0) {
    if (method !== 'GET') return wrongMethod('GET');
    return jsonAnswer({ calls: controlled.calls.map((call) => shown(call, controlled)) });
  }
  if (resource === 'reset' && rest.length === 0) {
    if (method !== 'POST') return wrongMethod('POST');
    controlled.reset();
    return done();
  }
  return jsonAnswer(
    {
      error:
        'Use GET /simulator/calls, PUT and DELETE /simulator/behaviours/{appId}, or POST /simulator/reset.',
    },
    404,
  );
}

function controlBehaviours(
  method: string,
  encodedAppId: string,
  body: Buffer,
  behaviours: Controlled['behaviours'],
): WireAnswer {
  if (method !== 'PUT' && method !== 'DELETE') return wrongMethod('PUT, DELETE');
  let appId: string;
  try {
    appId = decodeURIComponent(encodedAppId);
  } catch {
    return badInput('The appId in the path is not valid percent-encoding.');
  }
  if (method === 'DELETE') {
    behaviours.forget(appId);
    return done();
  }
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    return badInput('The body is not JSON.');
  }
  try {
    behaviours.set(appId, value);
  } catch (error) {
    return badInput(error instanceof Error ? error.message : String(error));
  }
  return done();
}

function shown(call: RecordedCall, controlled: Controlled): object {
  return {
    ...call,
    body: call.body.toString(),
    receivedAt: new Date(call.receivedAt).toISOString(),
    ended: controlled.endOf(call) ?? 'pending',
  };
}

function done(): WireAnswer {
  return { status: 204, headers: {}, body: Buffer.alloc(0) };
}

function badInput(error: string): WireAnswer {
  return jsonAnswer({ error }, 400);
}

function wrongMethod(allow: string): WireAnswer {
  return jsonAnswer({ error: `Use ${allow} here.` }, 405, { allow });
}
