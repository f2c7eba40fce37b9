import { beforeEach, describe, expect, test } from '@jest/globals';

import type { ListStore, SavedList, SaveResult } from '../../../src/contacts-list/ports.ts';
import { keepInMemory } from '../../../src/stores/list-memory.ts';
import { memoryLists } from '../../../src/stores/memory.ts';

function listOf(text: string): SavedList {
  return { body: Buffer.from(text), savedAt: 1, source: 'live' };
}

/** A store that counts its calls and answers when the test says so. */
class SlowStore implements ListStore {
  readonly inner = memoryLists(1_000_000);
  loads = 0;
  failing = false;
  /** The gate that each call waits for, after it has read. */
  gate: Promise<void> = Promise.resolve();

  async load(appId: string): Promise<SavedList | undefined> {
    this.loads++;
    const found = await this.inner.load(appId);
    await this.pass();
    return found;
  }

  async save(appId: string, list: SavedList): Promise<SaveResult> {
    await this.pass();
    return this.inner.save(appId, list);
  }

  async saveIfNewer(appId: string, list: SavedList): Promise<SaveResult> {
    await this.pass();
    return this.inner.saveIfNewer(appId, list);
  }

  async forget(appId: string): Promise<boolean> {
    await this.pass();
    return this.inner.forget(appId);
  }

  private async pass(): Promise<void> {
    await this.gate;
    if (this.failing) throw new Error('the disk is full');
  }
}

describe('keepInMemory', () => {
  let store: SlowStore;
  let lists: ListStore;
  beforeEach(() => {
    store = new SlowStore();
    lists = keepInMemory(store, 1000);
  });

  /** Makes later calls wait until `open` is called. */
  function closeGate(): { open(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    store.gate = promise;
    return { open: resolve };
  }

  test('loads from the store once, then gives the same object from memory', async () => {
    await store.inner.save('a', listOf('A'));
    const first = await lists.load('a');
    expect(first?.body.toString()).toBe('A');
    expect(await lists.load('a')).toBe(first);
    expect(store.loads).toBe(1);
  });

  test('asks the store again for a list that it did not find', async () => {
    expect(await lists.load('a')).toBeUndefined();
    await store.inner.save('a', listOf('A'));
    expect((await lists.load('a'))?.body.toString()).toBe('A');
    expect(store.loads).toBe(2);
  });

  test('asks the store once for simultaneous loads of one appId', async () => {
    await store.inner.save('a', listOf('A'));
    const gate = closeGate();
    const loads = Array.from({ length: 20 }, () => lists.load('a'));
    gate.open();
    for (const loaded of await Promise.all(loads)) expect(loaded?.body.toString()).toBe('A');
    expect(store.loads).toBe(1);
  });

  test('rejects all waiting loads if the load fails, and asks again next time', async () => {
    store.failing = true;
    const loads = [lists.load('a'), lists.load('a')];
    for (const load of loads) await expect(load).rejects.toThrow('full');
    store.failing = false;
    expect(await lists.load('a')).toBeUndefined();
    expect(store.loads).toBe(2);
  });

  test('saves to the store and to memory', async () => {
    const list = listOf('A');
    await lists.save('a', list);
    expect(await lists.load('a')).toBe(list);
    expect(store.loads).toBe(0);
    expect(await store.inner.load('a')).toBe(list);
  });

  test('rejects if the store cannot save, but keeps the list in memory', async () => {
    store.failing = true;
    await expect(lists.save('a', listOf('A'))).rejects.toThrow('full');
    expect((await lists.load('a'))?.body.toString()).toBe('A');
  });

  test('returns the new list while the store is still saving it', async () => {
    const gate = closeGate();
    const saving = lists.save('a', listOf('A'));
    expect((await lists.load('a'))?.body.toString()).toBe('A');
    gate.open();
    await saving;
  });

  test('keeps the newer list if a save overtakes a load, and returns it to both', async () => {
    await store.inner.save('a', listOf('old'));
    const gate = closeGate();
    const loading = lists.load('a');
    const saving = lists.save('a', listOf('new'));
    gate.open();
    await saving;
    expect((await loading)?.body.toString()).toBe('new');
    expect((await lists.load('a'))?.body.toString()).toBe('new');
  });

  test('deletes from both, and says whether there was one in either', async () => {
    await lists.save('a', listOf('A'));
    expect(await lists.forget('a')).toBe(true);
    expect(await lists.forget('a')).toBe(false);
    expect(await lists.load('a')).toBeUndefined();
    store.failing = true;
    await lists.save('b', listOf('B')).catch(() => undefined);
    store.failing = false;
    expect(await lists.forget('b')).toBe(true);
  });

  test('does not restore a list through loads that began before or during its deletion', async () => {
    await store.inner.save('a', listOf('A'));
    const gate = closeGate();
    const before = lists.load('a');
    const forgetting = lists.forget('a');
    const during = lists.load('a');
    gate.open();
    await before;
    await during;
    expect(await forgetting).toBe(true);
    expect(await lists.load('a')).toBeUndefined();
  });

  test('keeps a list saved during a deletion', async () => {
    await lists.save('a', listOf('old'));
    const gate = closeGate();
    const forgetting = lists.forget('a');
    const saving = lists.save('a', listOf('new'));
    gate.open();
    await Promise.all([forgetting, saving]);
    expect((await lists.load('a'))?.body.toString()).toBe('new');
  });

  test('does not restore a deleted list through a running load', async () => {
    await store.inner.save('a', listOf('A'));
    const gate = closeGate();
    const loading = lists.load('a');
    store.gate = Promise.resolve();
    expect(await lists.forget('a')).toBe(true);
    gate.open();
    expect(await loading).toBeUndefined();
    expect(await lists.load('a')).toBeUndefined();
  });

  test('rejects if the store cannot delete, and asks the store next time', async () => {
    await lists.save('a', listOf('A'));
    store.failing = true;
    await expect(lists.forget('a')).rejects.toThrow('full');
    store.failing = false;
    expect((await lists.load('a'))?.body.toString()).toBe('A');
    expect(store.loads).toBe(1);
  });

  test('counts a list twice, and drops the least recently used one', async () => {
    await lists.save('a', listOf('a'.repeat(200)));
    await lists.save('b', listOf('b'.repeat(200)));
    await lists.load('a');
    await lists.save('c', listOf('c'.repeat(200)));
    await lists.load('a');
    await lists.load('c');
    expect(store.loads).toBe(0);
    expect((await lists.load('b'))?.body.length).toBe(200);
    expect(store.loads).toBe(1);
  });

  test('returns a list that is too large for it from the store, never an older small one', async () => {
    await lists.save('a', listOf('small'));
    await lists.save('a', listOf('x'.repeat(501)));
    expect((await lists.load('a'))?.body.length).toBe(501);
    expect((await lists.load('a'))?.body.length).toBe(501);
    expect(store.loads).toBe(2);
  });

  test('keeps an empty list', async () => {
    await lists.save('a', listOf(''));
    expect((await lists.load('a'))?.body.length).toBe(0);
    expect(store.loads).toBe(0);
  });

  test('is the store itself if it has no memory', () => {
    expect(keepInMemory(store, 0)).toBe(store);
  });
});
