/** What a copy leaves out, counts, and leaves behind. The stores are SQLite files. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { copyStore, type CopyEvents } from '../../../src/stores/copy.ts';
import { openSource, openTarget } from '../../../src/stores/sqlite/transfer.ts';
import { openSqliteStores } from '../../../src/stores/sqlite/sqlite-stores.ts';
import { lastsUntil, type CopyTarget, type Section } from '../../../src/stores/transfer.ts';
import { systemClock } from '../../../src/time.ts';
import { refusalAt } from '../../contract/history-store.contract.ts';
import { ANN, entryOf, quotaRule } from '../../support/quota-rules.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const GOES_ON: CopyEvents = { onProgress: () => undefined, isStopped: () => false };
const HOUR_MS = 3_600_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
  const stores = openSqliteStores(join(folder.path, 'from.db'), systemClock, 0);
  for (const appId of ['wx_a', 'wx_b']) {
    await stores.ledger.charge(appId, ANN, [quotaRule(5)], entryOf(appId));
  }
  const now = systemClock.now();
  for (const [id, expiresAt] of [
    ['ends', now - 1],
    ['lasts', now + HOUR_MS],
    ['old', now + HOUR_MS],
  ] as const) {
    const key = { appId: 'wx_a', id };
    await stores.idempotency.acquire(key, 'print', { now: 0, leaseUntil: 0, expiresAt });
    await stores.idempotency.complete(key, Buffer.from('answer'));
  }
  await stores.close();
});
afterEach(() => folder.remove());

test('an attempt whose token the upstream rejected is a sent one in the copy too: no refusals push it out', async () => {
  const rejected = { kind: 'refused', code: 'upstream-token-rejected', rule: undefined } as const;
  const from = openSqliteStores(join(folder.path, 'from.db'), systemClock, 0);
  await from.history.complete('wx_x', await from.history.begin(entryOf('wx_x')), rejected);
  await from.close();
  const source = await openSource(join(folder.path, 'from.db'));
  const target = await openTarget(join(folder.path, 'to.db'));
  await copyStore(source, target, GOES_ON);
  await target.finish();
  await source.close();

  const { history, close } = openSqliteStores(join(folder.path, 'to.db'), systemClock, 0);
  await history.addRefusals([1, 2, 3, 4].map((minute) => refusalAt(minute * 60_000)));
  await history.prune({ before: 0, maxRows: 3 });
  const [entry] = await history.attempts('wx_x', { after: undefined, limit: 10 });
  expect(entry?.outcome).toEqual(rejected);
  await close();
});

test('a source that is in use by the end is not copied', async () => {
  const source = await openSource(join(folder.path, 'from.db'));
  const target = await openTarget(join(folder.path, 'to.db'));
  const used = { ...source, checkUnused: () => Promise.reject(new Error('in use')) };
  await expect(copyStore(used, target, GOES_ON)).rejects.toThrow('in use');
  await Promise.all([source.close(), target.close()]);
});

/** Copies `from.db` to `to.db` through a target that may be changed. */
async function copyThrough(change: (target: CopyTarget) => Partial<CopyTarget>, events = GOES_ON) {
  const source = await openSource(join(folder.path, 'from.db'));
  const target = await openTarget(join(folder.path, 'to.db'));
  try {
    const sections = await copyStore(source, { ...target, ...change(target) }, events);
    return (wanted: Section) => sections.find(({ section }) => section === wanted);
  } finally {
    await target.close();
    await source.close();
  }
}

test('what has ended is not copied, and what a target cannot keep is counted', async () => {
  const of = await copyThrough((target) => ({
    write(section, records) {
      // As an engine that needs the account, and an answer that has none.
      const isOld = (record: object) => 'id' in record && record.id === 'old';
      for (const record of records) if (isOld(record)) Object.assign(record, { appId: undefined });
      return target.write(
        section,
        records.filter((record) => !isOld(record)),
      );
    },
  }));
  const counts = { leftOut: 1, copied: 1, expected: 1, found: 1 };
  expect(of('answers')).toEqual({ section: 'answers', ...counts });
  expect(of('charges')).toMatchObject({ leftOut: 0, copied: 2, expected: 2, found: 2 });
});

test('what a target has lost is noticed', async () => {
  const of = await copyThrough((target) => ({
    async write(section, records) {
      await target.write(section, section === 'charges' ? records.slice(1) : records);
      return records.length;
    },
  }));
  expect(of('charges')).toMatchObject({ copied: 2, expected: 2, found: 1 });
});

test('what ends while it is copied is not missed', async () => {
  const now = systemClock.now();
  const of = await copyThrough((target) => ({
    now: () => now + 2 * HOUR_MS,
    async *read(section) {
      for await (const batch of target.read(section)) {
        yield batch.filter((record) => lastsUntil(section, record) > now + 2 * HOUR_MS);
      }
    },
  }));
  expect(of('answers')).toMatchObject({ copied: 2, expected: 0, found: 0 });
});

test('a copy that is stopped leaves no file', async () => {
  const stopped = copyThrough(() => ({}), { ...GOES_ON, isStopped: () => true });
  await expect(stopped).rejects.toThrow('Interrupted');
  expect(readdirSync(folder.path).sort()).toEqual(['from.db', 'from.db-lock']);
});
