import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, describe, expect, test } from '@jest/globals';
import { hashKey } from '../../../src/settings/clients.ts';
import { readClients, watchClients } from '../../../src/settings/clients-file.ts';
import type { Problem } from '../../../src/settings/problem.ts';
import { readTextFileSync, watchFile, type FileLook } from '../../../src/settings/text-file.ts';
import { folderWith } from './folder.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** What is reported, in order. */
function queue<T>() {
  const waiting: ((item: T) => void)[] = [];
  const items: T[] = [];
  return {
    push: (item: T) => {
      const next = waiting.shift();
      if (next === undefined) items.push(item);
      else next(item);
    },
    next: () =>
      new Promise<T>((resolve) => {
        const item = items.shift();
        if (item === undefined) waiting.push(resolve);
        else resolve(item);
      }),
    size: () => items.length,
  };
}

function watching(path: string) {
  const looks = queue<FileLook>();
  const watch = watchFile(path, looks.push, { known: readTextFileSync(path) });
  stops.push(() => watch.stop());
  return { ...looks, stop: () => watch.stop() };
}

const text = (content: string) => ({ kind: 'text', text: content });

describe('a watched file', () => {
  test('is reported with its content within a second of a change', async () => {
    const path = join(folderWith({ a: 'one' }), 'a');
    const looks = watching(path);
    const lateness = monitorEventLoopDelay();
    lateness.enable();
    const changedAt = performance.now();
    writeFileSync(path, 'two');
    expect(await looks.next()).toEqual(text('two'));
    // A second, plus what a busy machine adds to each of the few steps.
    expect(performance.now() - changedAt).toBeLessThan(1000 + 10 * (lateness.max / 1e6));
    lateness.disable();
  });

  test('is followed through a replacement by a rename, a deletion and a return', async () => {
    const folder = folderWith({ a: 'one', b: 'two' });
    const path = join(folder, 'a');
    const looks = watching(path);
    renameSync(join(folder, 'b'), path);
    expect(await looks.next()).toEqual(text('two'));
    rmSync(path);
    expect(await looks.next()).toEqual({ kind: 'missing' });
    writeFileSync(path, 'two');
    expect(await looks.next()).toEqual(text('two'));
    expect(looks.size()).toBe(0);
  });

  test('is followed through the symlink swap of a mounted secret', async () => {
    const folder = folderWith({ '..v1/token': 'one', '..v2/token': 'two' });
    symlinkSync('..v1', join(folder, '..data'));
    symlinkSync('..data/token', join(folder, 'token'));
    const looks = watching(join(folder, 'token'));
    symlinkSync('..v2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    rmSync(join(folder, '..v1'), { recursive: true });
    expect(await looks.next()).toEqual(text('two'));
  });

  test('is reported as unreadable when it turns into a folder or is not UTF-8', async () => {
    const path = join(folderWith({ a: 'one' }), 'a');
    const looks = watching(path);
    writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00]));
    expect(await looks.next()).toEqual({ kind: 'unreadable', why: 'it is not UTF-8' });
    rmSync(path);
    mkdirSync(path);
    expect(await looks.next()).toMatchObject({ kind: 'unreadable' });
  });

  test('that changed before the watch began is reported, too', async () => {
    const path = join(folderWith({ a: 'two' }), 'a');
    const looks = queue<FileLook>();
    const known: FileLook = { kind: 'text', text: 'one' };
    const watch = watchFile(path, looks.push, { known });
    stops.push(() => watch.stop());
    expect(await looks.next()).toEqual(text('two'));
  });

  test('is no longer reported after stop', async () => {
    const path = join(folderWith({ a: 'one' }), 'a');
    const stopped = watching(path);
    const running = watching(path);
    stopped.stop();
    writeFileSync(path, 'two');
    await running.next();
    writeFileSync(path, 'three');
    await running.next();
    expect(stopped.size()).toBe(0);
  });
});

describe('a watched clients file', () => {
  const file = (name: string, key: string) =>
    `clients: { ${name}: { keys: ["sha256:${hashKey(key)}"], origins: ["https://${name}.example"] } }`;

  function start(content: string) {
    const path = join(folderWith({ 'clients.yaml': content }), 'clients.yaml');
    const sources = {
      file: path,
      keys: [{ name: 'bot', key: 'key-of-bot' }],
      requestsPerMinute: 60,
      upstreamToken: () => 'upstream-token-1',
      program: 'gewe-gateway',
    };
    const loaded = readClients(sources);
    if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
    const problems = queue<readonly Problem[]>();
    const taken = queue<string[]>();
    const directory = watchClients(loaded, sources, {
      onProblems: problems.push,
      onTakenOver: (clients) => taken.push(clients.map(({ name }) => name)),
    });
    stops.push(() => directory.stop());
    return { path, directory, problems, taken };
  }

  test('is reloaded without a restart, and clients of the variable stay', async () => {
    const { path, directory, taken } = start(file('crm', 'one'));
    expect(directory.find('one')?.name).toBe('crm');
    writeFileSync(path, file('shop', 'two'));
    expect(await taken.next()).toEqual(['shop', 'bot']);
    expect(directory.find('one')).toBeUndefined();
    expect(directory.find('two')?.name).toBe('shop');
    expect(directory.find('key-of-bot')?.name).toBe('bot');
    expect(directory.knowsOrigin('https://crm.example')).toBe(false);
    expect(directory.knowsOrigin('https://shop.example')).toBe(true);
  });

  test('is reported if it breaks or is deleted, and the previous clients stay until it is valid', async () => {
    const { path, directory, problems, taken } = start(file('crm', 'one'));
    for (const broken of [
      'clients: {',
      '',
      file('bot', 'two'),
      file('crm', 'key-of-bot'),
      file('crm', 'upstream-token-1'),
    ]) {
      writeFileSync(path, broken);
      expect(await problems.next()).toHaveLength(1);
      expect(directory.find('one')?.name).toBe('crm');
    }
    rmSync(path);
    // Also if GATEWAY_CLIENTS is not set: the file is the thing to look at.
    expect(await problems.next()).toMatchObject([
      { setting: path, problem: 'cannot be used: there is no such file' },
    ]);
    expect(directory.find('one')?.name).toBe('crm');

    writeFileSync(path, file('crm', 'two'));
    await taken.next();
    expect(directory.find('one')).toBeUndefined();
    expect(directory.find('two')?.name).toBe('crm');
  });
});
