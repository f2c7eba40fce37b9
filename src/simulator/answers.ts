/**
 * GEWE's response to a call. Failures have `ret` 500 and HTTP status 200, as on GEWE's pages. The texts for a
 * body that is not JSON, a missing appId and an unknown path are our own.
 */
import type { Behaviour } from './behaviour.ts';
import { contactsList, person, phoneContact, stranger, type ListSize } from './samples.ts';

export interface Envelope {
  readonly ret: number;
  readonly msg: string;
  readonly data?: unknown;
}

/** One call as GEWE sees it. */
export interface Question {
  /** The path after the base, such as `contacts/addContacts`. */
  readonly operation: string;
  /** The value of X-GEWE-TOKEN. */
  readonly token: string | undefined;
  /** The parsed body; undefined if it was not a JSON object. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** GEWE's state when the call comes. */
interface Circumstances {
  readonly acceptedToken: string;
  /** The list in GEWE's cache for this account. */
  readonly keptList: ListSize | undefined;
  readonly behaviour: Behaviour;
}

type Body = Readonly<Record<string, unknown>>;

const OPERATIONS: Readonly<Record<string, (body: Body, circumstances: Circumstances) => Envelope>> =
  {
    'contacts/fetchContactsList': (_, { behaviour }) => success(contactsList(listSize(behaviour))),
    'contacts/fetchContactsListCache': (_, circumstances) => cachedList(circumstances),
    'contacts/getBriefInfo': (body) => forWxids(body, 100, person),
    'contacts/getDetailInfo': (body) => forWxids(body, 20, person),
    'contacts/search': (body) => success(stranger(text(body['contactsInfo']))),
    // Real clients send "2" instead of 2, and GEWE accepts it.
    'contacts/addContacts': (body) =>
      /^[234]$/.test(text(body['option'])) ? success() : failure('option参数错误'),
    'contacts/deleteFriend': () => success(),
    'contacts/setFriendPermissions': () => success(),
    'contacts/setFriendRemark': () => success(),
    'contacts/getPhoneAddressList': (body) =>
      success((texts(body['phones']) ?? ['13800000001', '13800000002']).map(phoneContact)),
    'contacts/uploadPhoneAddressList': () => success(),
    'contacts/checkRelation': (body) => forWxids(body, 20, (wxid) => ({ wxid, relation: 0 })),
    'login/checkOnline': () => success(true),
  };

/** GEWE's response. It checks the token first, then the body, then the account, then the operation. */
export function answerTo(question: Question, circumstances: Circumstances): Envelope {
  const { operation, token, body } = question;
  const { acceptedToken, behaviour } = circumstances;
  if (!token) return failure('header:X-GEWE-TOKEN 不可为空');
  if (token !== acceptedToken) {
    return failure(`HTTP HEADER: X-GEWE-TOKEN=${token} 不可用或已过期`);
  }
  if (body === undefined) return failure('请求参数格式错误');
  if (!body['appId'] || typeof body['appId'] !== 'string') return failure('appId不可为空');
  if (behaviour.deviceMissing) return failure('设备不存在');
  if (behaviour.accountOffline) return offline(operation);
  const operate = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
  if (operate === undefined) return failure('接口不存在');
  const answer = operate(body, circumstances);
  return behaviour.echoToken ? { ...answer, ret: 200, msg: `操作成功 token=${token}` } : answer;
}

/** How long a list is with this behaviour. */
export function listSize(behaviour: Behaviour): ListSize {
  return behaviour.friends ?? 'sample';
}

function success(data?: unknown): Envelope {
  return { ret: 200, msg: '操作成功', ...(data === undefined ? {} : { data }) };
}

function failure(msg: string): Envelope {
  return { ret: 500, msg };
}

function offline(operation: string): Envelope {
  // This call asks whether the account is online, so being offline is no failure.
  if (operation === 'login/checkOnline') return success(false);
  const msg = '微信已离线';
  return { ret: 500, msg, data: { code: '-1', msg } };
}

/** If no list is kept, GEWE answers success without `data`. */
function cachedList({ behaviour, keptList }: Circumstances): Envelope {
  if (behaviour.cacheList === 'none') return success();
  if (behaviour.cacheList === 'kept') {
    return success(contactsList(behaviour.friends ?? keptList ?? 'sample'));
  }
  return keptList === undefined ? success() : success(contactsList(keptList));
}

function forWxids(body: Body, most: number, make: (wxid: string) => unknown): Envelope {
  const wxids = texts(body['wxids']);
  if (wxids === undefined || wxids.length < 1 || wxids.length > most) {
    return failure(`wxids个数在1-${most}之间`);
  }
  return success(wxids.map(make));
}

function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.map(text) : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** The page of fetchContactsListCache says that a finished list is kept for ten minutes. */
const KEPT_MS = 10 * 60 * 1000;
const MOST_ACCOUNTS = 10_000;

export interface KeptLists {
  keep(appId: string, size: ListSize): void;
  /** The size of the kept list; undefined if there is none or it is too old. */
  find(appId: string): ListSize | undefined;
  clear(): void;
}

/** GEWE's own cache. It keeps sizes and not lists: a list follows from its size, and ten thousand accounts need little memory. */
export function createKeptLists(now: () => number): KeptLists {
  const kept = new Map<string, { readonly size: ListSize; readonly finishedAt: number }>();
  return {
    keep(appId, size) {
      // Deleted first, so that the map is in order of age.
      kept.delete(appId);
      kept.set(appId, { size, finishedAt: now() });
      if (kept.size > MOST_ACCOUNTS) {
        for (const oldest of kept.keys()) {
          kept.delete(oldest);
          break;
        }
      }
    },
    find(appId) {
      const entry = kept.get(appId);
      return entry !== undefined && now() < entry.finishedAt + KEPT_MS ? entry.size : undefined;
    },
    clear() {
      kept.clear();
    },
  };
}
