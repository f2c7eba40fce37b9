import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { outcomeOfError, readAnswer, type Outcome, type RawAnswer } from './outcome.ts';

/**
 * Knows which requests went out on a kept connection, which the upstream may be closing at any moment (RFC 9112 section
 * 9.3.1).
 */
export interface ConnectionWatch {
  /** Called right before undici names the connection of this exchange's request. */
  expect(exchange: Exchange): void;
  stop(): void;
}

/** The channel on which undici names the connection of a request, right after `onRequestStart`, and nowhere else. */
const REQUEST_GETS_CONNECTION = 'undici:client:sendHeaders';

/** Watches the connections of undici in this process. Those of its other users do no harm. */
export function watchConnections(): ConnectionWatch {
  const used = new WeakSet<Socket>();
  let expected: Exchange | undefined;
  const onRequest = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    if (used.has(socket)) expected?.onReusedConnection(socket);
    else used.add(socket);
    expected = undefined;
  };
  subscribe(REQUEST_GETS_CONNECTION, onRequest);
  return {
    expect: (exchange) => void (expected = exchange),
    stop: () => void unsubscribe(REQUEST_GETS_CONNECTION, onRequest),
  };
}

/**
 * A close that was on its way when the request was sent arrives within a round trip. A connection lost later was lost
 * while the upstream worked on the request. Milliseconds.
 */
const JUST_CLOSING_MS = 1_500;

/**
 * One request on one connection. It reads the whole answer: only then can a truncated one be noticed, the token be cut
 * out, and `ret` be read.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  #limitBytes: number;
  #watch: ConnectionWatch;
  #onOutcome: (outcome: Outcome, exchange: Exchange) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #ended = false;
  #head: Omit<RawAnswer, 'body'> | undefined;
  #chunks: Buffer[] = [];
  #length = 0;
  /** If the connection had served a request before. */
  #reused: { socket: Socket; bytesRead: number; at: number } | undefined;
  #metClosing = false;

  /**
   * @param limitBytes for the answer's body
   * @param onOutcome called once, whatever happens
   */
  constructor(
    limitBytes: number,
    watch: ConnectionWatch,
    onOutcome: (outcome: Outcome, exchange: Exchange) => void,
  ) {
    this.#limitBytes = limitBytes;
    this.#watch = watch;
    this.#onOutcome = onOutcome;
  }

  /** Ends it if it still runs. */
  end(why: 'timeout' | 'aborted'): void {
    const sent = this.#isSent();
    if (why === 'aborted') this.#finish({ kind: 'aborted', sent });
    else if (sent) this.#finish({ kind: 'timeout' });
    else this.#finish({ kind: 'unreachable', sent, cause: new Error(NO_CONNECTION_IN_TIME) });
    this.#controller?.abort(new Error(why));
  }

  /** Whether it failed because the upstream was closing the connection just then, before any byte of an answer. */
  metClosingConnection(): boolean {
    return this.#metClosing;
  }

  onReusedConnection(socket: Socket): void {
    this.#reused = { socket, bytesRead: socket.bytesRead, at: performance.now() };
  }

  /** undici calls this once a connection is made, its TLS handshake included, before it writes the first byte. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#ended) return void controller.abort(new Error('ended before it was sent'));
    this.#controller = controller;
    this.#watch.expect(this);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // Interim answers are skipped (RFC 9110 section 15.2).
    if (status < 200) return;
    this.#head = {
      status,
      contentType: joined(headers['content-type']),
      contentEncoding: joined(headers['content-encoding']),
    };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length <= this.#limitBytes) return void this.#chunks.push(chunk);
    this.#finish({ kind: 'invalid', why: `an answer of more than ${this.#limitBytes} bytes` });
    controller.abort(new Error('too large'));
  }

  onResponseEnd(): void {
    if (this.#head === undefined) return;
    const [first] = this.#chunks;
    const isWhole = first?.length === this.#length;
    const body = isWhole ? first : Buffer.concat(this.#chunks, this.#length);
    this.#finish(readAnswer({ ...this.#head, body }));
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#ended) return;
    if (this.#head !== undefined) {
      return this.#finish({ kind: 'invalid', why: 'an answer that was cut off' });
    }
    const outcome = outcomeOfError(error, this.#isSent());
    this.#metClosing = outcome.kind === 'unreachable' && this.#isClosing();
    this.#finish(outcome);
  }

  /** If false, it is proven that the upstream has not got a byte. */
  #isSent(): boolean {
    return this.#controller !== undefined;
  }

  #isClosing(): boolean {
    if (this.#reused === undefined) return false;
    const { socket, bytesRead, at } = this.#reused;
    return socket.bytesRead === bytesRead && performance.now() - at < JUST_CLOSING_MS;
  }

  #finish(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#chunks = [];
    this.#onOutcome(outcome, this);
  }
}

const NO_CONNECTION_IN_TIME = 'No connection to the upstream within the deadline';

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
