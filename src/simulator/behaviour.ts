/**
 * How a simulated account behaves, if not normally, and for which calls. Tests and the control API use the same checks,
 * so that a misspelt key is an error in both.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';

/** An exact response, for tests with an upstream that breaks rules. */
interface RawAnswer {
  /** A string over the control API, sent in UTF-8. */
  readonly body: string | Uint8Array;
  /** Default `application/json`; an empty string leaves the header out. */
  readonly contentType?: string;
  /** Replace the headers that would be sent, including `content-length`. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** Which members exclude each other is in `EXCLUSIVE`; all others combine. An empty object is normal behaviour. */
export interface Behaviour {
  /** Which operations it holds for: `fetchContactsList` or `contacts/fetchContactsList`. Default: all. */
  readonly operations?: readonly string[];
  /** For how many matching calls it holds. Default: for ever. */
  readonly times?: number;

  /** Waits this long before anything else. The work continues if the caller leaves. */
  readonly delayMs?: number;

  /** Never answers. */
  readonly hang?: boolean;
  /** A TCP reset before any byte of the answer. */
  readonly reset?: boolean;
  /** Declares the length of the whole body, sends this many bytes of it, and closes the socket. */
  readonly cutAfterBytes?: number;
  /** Sends the body one byte at a time, one every so many milliseconds. */
  readonly dripMs?: number;

  /** An HTML page, `true` for one like a front proxy's. */
  readonly html?: boolean | string;
  /** A redirect to this address; status 302 unless `status` is set. */
  readonly redirectTo?: string;
  /** No body. */
  readonly empty?: boolean;
  readonly raw?: RawAnswer;
  /** The list has this many friends. */
  readonly friends?: number;
  /** GEWE's failure for an account that is logged out. */
  readonly accountOffline?: boolean;
  /** GEWE's failure for an appId that it does not know. */
  readonly deviceMissing?: boolean;
  /** A success with the received token in `msg` and in the header `x-echo-token`. */
  readonly echoToken?: boolean;

  /** HTTP status. From 300 on, if no body is set above: a JSON body with this number as `ret`. */
  readonly status?: number;

  /** The response of fetchContactsListCache, whatever was fetched before. */
  readonly cacheList?: 'kept' | 'none';
}

interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const DAY_MS = 86_400_000;

const flag: Rule = {
  expected: 'true or false',
  accepts: (value) => typeof value === 'boolean',
};

const RULES: Readonly<Record<keyof Behaviour, Rule>> = {
  operations: {
    expected: 'a list of operation names, at least one',
    accepts: (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((name) => typeof name === 'string' && name !== ''),
  },
  times: wholeNumber(1, 1_000_000_000),
  delayMs: wholeNumber(0, DAY_MS),
  hang: flag,
  reset: flag,
  cutAfterBytes: wholeNumber(0, 1_000_000_000),
  dripMs: wholeNumber(1, DAY_MS),
  html: {
    expected: 'true, false or the text of a page',
    accepts: (value) => typeof value === 'boolean' || typeof value === 'string',
  },
  redirectTo: {
    expected: 'an address that can be sent in a header',
    accepts: (value) => value !== '' && isHeader('location', value),
  },
  empty: flag,
  raw: {
    expected: 'an object of body, contentType and headers that can be sent',
    accepts: isRawAnswer,
  },
  friends: wholeNumber(0, 1_000_000),
  accountOffline: flag,
  deviceMissing: flag,
  echoToken: flag,
  status: wholeNumber(200, 599),
  cacheList: {
    expected: '"kept" or "none"',
    accepts: (value) => value === 'kept' || value === 'none',
  },
};

const EXCLUSIVE: readonly (readonly (keyof Behaviour)[])[] = [
  ['hang', 'reset', 'cutAfterBytes', 'dripMs'],
  ['html', 'redirectTo', 'empty', 'raw', 'friends', 'accountOffline', 'deviceMissing', 'echoToken'],
];

/**
 * Reads one behaviour.
 * @throws Error that names the key, what it must be and what it was.
 */
export function parseBehaviour(value: unknown, name = 'behaviour'): Behaviour {
  if (!isObject(value)) throw new Error(`${name} must be an object, got ${shown(value)}`);
  for (const [key, given] of Object.entries(value)) {
    if (!isKey(key)) {
      throw new Error(
        `${name} has the unknown key "${key}"; known: ${Object.keys(RULES).join(', ')}`,
      );
    }
    if (given !== undefined && !RULES[key].accepts(given)) {
      throw new Error(`${name}.${key} must be ${RULES[key].expected}, got ${shown(given)}`);
    }
  }
  const behaviour: Behaviour = { ...value };
  for (const group of EXCLUSIVE) {
    const given = group.filter((key) => behaviour[key] !== undefined && behaviour[key] !== false);
    if (given.length > 1) throw new Error(`${name} can have only one of ${given.join(', ')}`);
  }
  return behaviour;
}

/**
 * Reads one behaviour, or a list of them in order.
 * @throws Error as parseBehaviour, with the position in the list.
 */
export function parseBehaviours(value: unknown): Behaviour[] {
  if (!Array.isArray(value)) return [parseBehaviour(value)];
  return value.map((one, index) => parseBehaviour(one, `behaviour[${index}]`));
}

function wholeNumber(least: number, most: number): Rule {
  return {
    expected: `a whole number from ${least} to ${most}`,
    accepts: (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
  };
}

function isRawAnswer(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { body, contentType = '', headers = {}, ...unknown } = value;
  if (Object.keys(unknown).length > 0) return false;
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return false;
  if (!isHeader('content-type', contentType) || !isObject(headers)) return false;
  return Object.entries(headers).every(([header, given]) =>
    (Array.isArray(given) ? given : [given]).every((one) => isHeader(header, one)),
  );
}

/** Otherwise Node would throw when the header is written, too late for a good message. */
function isHeader(name: string, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

function isKey(key: string): key is keyof Behaviour {
  return Object.hasOwn(RULES, key);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 100);
}

/** Means every account. */
const EVERY_ACCOUNT = '*';

interface Entry {
  readonly behaviour: Behaviour;
  /** For how many more calls it holds. */
  left: number;
}

export interface BehaviourBook {
  /**
   * Replaces the account's list by one behaviour or several; an empty list forgets them.
   * @throws Error if `value` is no behaviour; the old list is then kept.
   */
  set(appId: string, value: unknown): void;
  forget(appId: string): void;
  forgetAll(): void;
  /**
   * The behaviour for this call, which counts against its `times`; an empty one if none is set.
   * @param operation - The path after the base, such as `contacts/addContacts`.
   */
  take(appId: string | undefined, operation: string): Behaviour;
}

/** The behaviours that are set, and the one for a call: the account's own list first, then the list for all accounts. */
export function createBehaviourBook(): BehaviourBook {
  const entries = new Map<string, Entry[]>();

  function takeFrom(account: string, operation: string): Behaviour | undefined {
    const list = entries.get(account) ?? [];
    const entry = list.find((one) => holdsFor(one.behaviour, operation));
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left === 0) list.splice(list.indexOf(entry), 1);
    return entry.behaviour;
  }

  return {
    set(appId, value) {
      const list = parseBehaviours(value).map((behaviour) => ({
        behaviour,
        left: behaviour.times ?? Infinity,
      }));
      entries.set(appId, list);
    },
    forget(appId) {
      entries.delete(appId);
    },
    forgetAll() {
      entries.clear();
    },
    take(appId, operation) {
      const own = appId === undefined ? undefined : takeFrom(appId, operation);
      return own ?? takeFrom(EVERY_ACCOUNT, operation) ?? {};
    },
  };
}

function holdsFor(behaviour: Behaviour, operation: string): boolean {
  if (behaviour.operations === undefined) return true;
  const name = operation.slice(operation.lastIndexOf('/') + 1);
  return behaviour.operations.includes(operation) || behaviour.operations.includes(name);
}
