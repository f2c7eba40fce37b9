import type { AccountRecord, AccountRegister } from '../../add-contacts/ports.ts';

/** Accounts' clocks that end with the process. */
export function memoryAccounts(): AccountRegister {
  const records = new Map<string, AccountRecord>();
  const recordOf = (appId: string): AccountRecord =>
    records.get(appId) ?? { appId, declaredOnlineSince: undefined, firstSeenAt: undefined };

  return {
    async find(appId) {
      return records.get(appId);
    },
    async seen(appId, at) {
      const record = recordOf(appId);
      records.set(appId, { ...record, firstSeenAt: record.firstSeenAt ?? at });
    },
    async declare(appId, onlineSince) {
      records.set(appId, { ...recordOf(appId), declaredOnlineSince: onlineSince });
    },
    async withdraw(appId) {
      const record = recordOf(appId);
      if (record.declaredOnlineSince === undefined) return false;
      if (record.firstSeenAt === undefined) return records.delete(appId);
      records.set(appId, { ...record, declaredOnlineSince: undefined });
      return true;
    },
    async list(after, limit) {
      return [...records.values()]
        .filter(({ appId }) => after === undefined || appId > after)
        .sort((a, b) => (a.appId < b.appId ? -1 : 1))
        .slice(0, limit);
    },
  };
}
