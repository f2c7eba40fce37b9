import type { AccountRegister } from '../add-contacts/ports.ts';
import type { ListService, RefreshStart } from '../contacts-list/list-service.ts';
import type { ListStore, SavedList } from '../contacts-list/ports.ts';
import type { History } from '../history/history.ts';
import type { AdminAction } from '../history/ports.ts';

/** Who makes a change. */
export interface Operator {
  /** How the operator signed in, and the name given, if any. */
  readonly who: string;
  readonly requestId: string;
}

/** What operators change in accounts. Each change is journaled and logged; what changes nothing is not. */
export interface AccountChanges {
  /**
   * Declares since when an account is online. Rejects if the store fails.
   *
   * @param onlineSince milliseconds since the epoch
   */
  declare(
    by: Operator,
    appId: string,
    onlineSince: number,
  ): Promise<{ readonly neverSeen: boolean }>;
  /** Resolves to whether there was a declaration. Rejects if the store fails. */
  withdraw(by: Operator, appId: string): Promise<boolean>;
  /** Resolves to whether a list was saved. Rejects if the store fails. */
  forgetList(by: Operator, appId: string): Promise<boolean>;
  /** Starts a fetch of the list now and does not wait for it. Rejects if the store fails. */
  refreshList(by: Operator, appId: string): Promise<RefreshStart>;
}

/** A change, for the log. */
export type AdminChange = Pick<AdminAction, 'appId' | 'what' | 'who' | 'requestId'>;

interface AccountChangesParts {
  readonly register: Pick<AccountRegister, 'find' | 'declare' | 'removeDeclaration'>;
  readonly lists: Pick<ListStore, 'load' | 'forget'>;
  readonly listService: Pick<ListService, 'refreshNow'>;
  readonly history: Pick<History, 'acted'>;
  onChange(change: AdminChange): void;
}

type Change = Pick<AdminAction, 'what' | 'before' | 'after'>;

export function createAccountChanges(parts: AccountChangesParts): AccountChanges {
  const { register, lists, listService, history, onChange } = parts;

  async function record(by: Operator, appId: string, { what, before, after }: Change) {
    onChange({ appId, what, ...by });
    await history.acted({ appId, what, before, after, ...by });
  }

  return {
    async declare(by, appId, onlineSince) {
      const known = await register.find(appId);
      const declared = known?.declaredOnlineSince;
      await register.declare(appId, onlineSince);
      // Scripts declare the same again and again, which changes nothing.
      if (declared !== onlineSince) {
        const [before, after] = [instant(declared), instant(onlineSince)];
        await record(by, appId, { what: 'declared', before, after });
      }
      return { neverSeen: known?.firstSeenAt === undefined };
    },

    async withdraw(by, appId) {
      const known = await register.find(appId);
      if (!(await register.removeDeclaration(appId))) return false;
      const before = instant(known?.declaredOnlineSince);
      await record(by, appId, { what: 'withdrawn', before, after: undefined });
      return true;
    },

    async forgetList(by, appId) {
      const before = inWords(await lists.load(appId));
      if (!(await lists.forget(appId))) return false;
      await record(by, appId, { what: 'list-forgotten', before, after: undefined });
      return true;
    },

    async refreshList(by, appId) {
      const before = inWords(await lists.load(appId));
      const start = await listService.refreshNow(appId, {
        requestId: by.requestId,
        traceparent: undefined,
      });
      // What comes of it is in the history of fetches.
      if (start === 'started') {
        await record(by, appId, { what: 'list-refreshed', before, after: undefined });
      }
      return start;
    },
  };
}

function instant(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}

function inWords(list: SavedList | undefined): string | undefined {
  return list && `${list.body.length} bytes, saved ${new Date(list.savedAt).toISOString()}`;
}
