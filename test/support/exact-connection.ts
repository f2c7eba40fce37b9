import { connect } from 'node:net';
import { parseAnswer, type RawAnswer } from './raw-request.ts';

export interface ExactConnection {
  /**
   * Sends a request. Resolves with the one answer to it; rejects where its connection ends without one, or the answer
   * in its place is another request's.
   *
   * @param id what stands in its X-Request-Id
   */
  ask(id: string, request: string): Promise<RawAnswer>;
  /** Sends part of a request, or one whose answer is not waited for. Resolves when the system has taken it. */
  write(bytes: string): Promise<void>;
  /** Resolves with the next bytes that come, or the end. */
  heard(): Promise<unknown>;
  /** Reads nothing until resume(). */
  pause(): void;
  resume(): void;
  leave(): void;
  /** Bytes that no request had asked for. */
  surplus(): string;
}

interface Waiting {
  readonly id: string;
  readonly resolve: (answer: RawAnswer) => void;
  readonly reject: (reason: Error) => void;
}

/** A connection on which every answer is held against its request: exactly one for each, in their order. */
export async function openConnection(url: string): Promise<ExactConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  const waiting: Waiting[] = [];
  let received: Buffer = Buffer.alloc(0);

  function take(): void {
    for (;;) {
      const answer = parseAnswer(received);
      const length = answer?.status === 204 ? 0 : Number(answer?.headers.get('content-length'));
      if (answer === undefined || answer.body.length < length) return;
      const [next] = waiting;
      if (next === undefined) return;
      waiting.shift();
      received = answer.body.subarray(length);
      const id = answer.headers.get('x-request-id');
      if (id === next.id) next.resolve({ ...answer, body: answer.body.subarray(0, length) });
      else next.reject(new Error(`${next.id} got the answer to ${id}`));
    }
  }

  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    take();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const { id, reject } of waiting.splice(0)) {
      reject(new Error(`${id} got no answer, but: ${received.toString().slice(0, 200)}`));
    }
  });

  return {
    ask(id, request) {
      const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
      if (socket.destroyed) reject(new Error(`${id} could not be sent`));
      waiting.push({ id, resolve, reject });
      socket.write(request);
      return promise;
    },
    write: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve())),
    heard: () => new Promise((resolve) => socket.once('data', resolve).once('close', resolve)),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    leave: () => void socket.destroy(),
    surplus: () => (waiting.length > 0 ? '' : received.toString()),
  };
}
