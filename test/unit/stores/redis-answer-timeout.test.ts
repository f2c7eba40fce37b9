import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createAnswerTimeout } from '../../../src/stores/redis/connection.ts';

const late = () => new Error('too late');
const never = () => new Promise<string>(() => undefined);
/** How often a server that is not silent sends something. */
const OFTEN_MS = 50;

test('a reply and an error are passed on', async () => {
  const timeout = createAnswerTimeout();
  expect(await timeout.wait(Promise.resolve('yes'), late)).toBe('yes');
  await expect(timeout.wait(Promise.reject(new Error('no')), late)).rejects.toThrow('no');
});

test('a silent server is given up', async () => {
  await expect(createAnswerTimeout().wait(never(), late)).rejects.toThrow('too late');
});

test('a server that sends a long reply in parts gets more time than a silent one', async () => {
  const timeout = createAnswerTimeout();
  const sending = setInterval(timeout.heard, OFTEN_MS);
  const answer = pause(700, 'all of it');
  expect(await timeout.wait(answer, late)).toBe('all of it');
  clearInterval(sending);
});

test('a server that replies to other commands gets more time, but not endless time', async () => {
  const timeout = createAnswerTimeout();
  const answering = setInterval(() => void timeout.wait(Promise.resolve(), late), OFTEN_MS);
  const from = performance.now();
  await expect(timeout.wait(never(), late)).rejects.toThrow('too late');
  expect(performance.now() - from).toBeGreaterThan(1000);
  clearInterval(answering);
});

test('an error from Redis is a reply: the server does not count as silent', async () => {
  const timeout = createAnswerTimeout();
  const said = Object.assign(new Error('OOM'), { name: 'ReplyError' });
  const answering = setInterval(() => {
    timeout.wait(Promise.reject(said), late).catch(() => undefined);
  }, OFTEN_MS);
  expect(await timeout.wait(pause(700, 'yes'), late)).toBe('yes');
  clearInterval(answering);
});
