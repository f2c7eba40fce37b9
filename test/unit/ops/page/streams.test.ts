/** Live updates with short intervals, on a real connection. */
import {
  createServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createStreams, type Stream, type Streams } from '../../../../src/ops/page/streams.ts';
import { eventually } from '../../../support/eventually.ts';

let streams: Streams;
let server: Server;
let opened: Stream | undefined;
let shown: Record<string, string>;
let moments: object[];
let responses: ServerResponse[];
let errors: Error[];
beforeEach(async () => {
  streams = createStreams({ updateMs: 10, commentMs: 25 });
  shown = { sentence: 'All is well', updated: '1' };
  moments = [];
  responses = [];
  errors = [];
  server = createServer((_req, res) => {
    responses.push(res);
    res.on('error', (error) => errors.push(error));
    opened = streams.open(res, { 'Content-Type': 'text/event-stream' }, async (moment) => {
      moments.push(moment);
      return { ...shown };
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function connect() {
  const { port } = server.address() as AddressInfo;
  const res = await new Promise<IncomingMessage>((resolve) =>
    get(`http://127.0.0.1:${port}/`, resolve),
  );
  let text = '';
  let isOver = false;
  res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  res.on('end', () => (isOver = true));
  res.on('error', () => undefined);
  return {
    text: () => text,
    isOver: () => isOver,
    events: () =>
      [...text.matchAll(/^event: regions\ndata: (.*)$/gm)].map(
        ([, data = '']) => JSON.parse(data) as Record<string, string>,
      ),
    leave: () => res.destroy(),
    stopReading: () => res.pause(),
  };
}

test('everything is sent at once, and then only what has changed', async () => {
  const reader = await connect();
  expect(await eventually(() => reader.events().length === 1)).toBe(true);
  expect(reader.text()).toMatch(/^retry: \d+\n\n/);
  expect(reader.events()[0]).toEqual({ sentence: 'All is well', updated: '1' });
  shown = { sentence: 'All is well', updated: '2' };
  expect(await eventually(() => reader.events().length === 2)).toBe(true);
  expect(reader.events()[1]).toEqual({ updated: '2' });
});

test('a comment comes again and again while nothing changes', async () => {
  const reader = await connect();
  expect(await eventually(() => /\n:\n\n:\n\n/.test(reader.text()))).toBe(true);
  expect(reader.events()).toHaveLength(1);
});

test('streams that are updated together have one moment', async () => {
  await connect();
  await connect();
  expect(await eventually(() => moments.length >= 8)).toBe(true);
  expect(new Set(moments.slice(-4)).size).toBeLessThan(4);
});

test('a view that fails misses an update, and not the next one', async () => {
  const reader = await connect();
  expect(await eventually(() => reader.events().length === 1)).toBe(true);
  Object.defineProperty(shown, 'broken', {
    enumerable: true,
    configurable: true,
    get: () => {
      throw new Error('away');
    },
  });
  const before = moments.length;
  expect(await eventually(() => moments.length > before + 2)).toBe(true);
  shown = { sentence: '1 thing needs you', updated: '1' };
  expect(await eventually(() => reader.events().length === 2)).toBe(true);
});

test('there are at most a hundred, and one that ends makes room', async () => {
  const readers = await Promise.all(Array.from({ length: 100 }, connect));
  expect(streams.hasRoom()).toBe(false);
  readers[0]?.leave();
  expect(await eventually(() => streams.hasRoom())).toBe(true);
});

test('the end of a sign-in is said, and ends the stream', async () => {
  const reader = await connect();
  expect(await eventually(() => reader.events().length === 1)).toBe(true);
  opened?.signedOut();
  expect(await eventually(reader.isOver)).toBe(true);
  expect(reader.text()).toContain('event: signed-out\n');
});

test('a reader that left before its stream was opened takes no place', async () => {
  server.removeAllListeners('request');
  let isOpen: boolean | undefined;
  server.on('request', (_req, res) => {
    res.on('close', () => {
      isOpen = streams.open(res, {}, async () => ({})) !== undefined;
    });
  });
  const { port } = server.address() as AddressInfo;
  const req = get(`http://127.0.0.1:${port}/`).on('error', () => undefined);
  server.once('request', () => req.destroy());
  expect(await eventually(() => isOpen !== undefined)).toBe(true);
  expect(isOpen).toBe(false);
});

/** More than systems keep for a reader. */
const TOO_MUCH = 'x'.repeat(30_000_000);

async function connectWithoutReading() {
  const reader = await connect();
  expect(await eventually(() => reader.events().length === 1)).toBe(true);
  reader.stopReading();
  shown = { sentence: TOO_MUCH };
  const [res] = responses.slice(-1);
  // It may be left already.
  expect(await eventually(() => res?.writableNeedDrain === true || res?.destroyed === true)).toBe(
    true,
  );
  return reader;
}

test('a reader that takes nothing any more is left, so that it does not keep its place', async () => {
  await connectWithoutReading();
  expect(await eventually(() => responses[0]?.destroyed === true)).toBe(true);
});

test('nothing is written after the end, however long the reader takes for the rest', async () => {
  await connectWithoutReading();
  opened?.signedOut();
  opened?.signedOut();
  shown = { sentence: 'All is well' };
  const other = await connect();
  expect(await eventually(() => /\n:\n\n:\n\n/.test(other.text()))).toBe(true);
  streams.stop();
  opened?.signedOut();
  await new Promise(setImmediate);
  expect(errors).toEqual([]);
});

test('streams are updated one after another, and other work gets its turn between two', async () => {
  const TEN = 10;
  await Promise.all(Array.from({ length: TEN }, connect));
  const before = moments.length;
  const seen: number[] = [];
  const look = () => {
    seen.push(moments.length);
    if (moments.length < before + TEN) setImmediate(look);
  };
  look();
  expect(await eventually(() => moments.length >= before + TEN)).toBe(true);
  const steps = seen.map((count, at) => count - (seen[at - 1] ?? count));
  expect(Math.max(...steps)).toBeLessThan(TEN / 2);
});

test('a stop ends all of them, and there is no room afterwards', async () => {
  const readers = [await connect(), await connect()];
  streams.stop();
  expect(await eventually(() => readers.every(({ isOver }) => isOver()))).toBe(true);
  expect(streams.hasRoom()).toBe(false);
});
