/**
 * What a simulated account does other than answer well, and the one reader of it: a test's own code and the
 * control API go through the same checks, so that a misspelt key is an error in both.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';

/** An exact answer, for tests of how rude an upstream may be. */
interface RawAnswer {
  /** Over the control API a string; it goes out in UTF-8. */
  readonly body: string | Uint8Array;
  /** Default `application/json`; an empty string leaves the header out. */
  readonly contentType?: string;
  /** Win over the headers that would be sent, `content-length` too. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** Members of one line below exclude each other; all else combines. An empty object is an ordinary answer. */
export interface Behaviour {
  /** Which operations it holds for: `fetchContactsList` or `contacts/fetchContactsList`. Default: all. */
  readonly operations?: readonly string[];
  /** For how many matching calls; then it is gone. Default: for ever. */
  readonly times?: number;

  /** Waits this long before all else. The work goes on when the caller leaves. */
  readonly delayMs?: number;

  /** Never answers. */
  readonly hang?: boolean;
  /** A TCP reset before any byte of the answer. */
  readonly reset?: boolean;
  /** Announces the whole body, sends this many bytes of it, and closes the socket. */
  readonly cutAfterBytes?: number;
  /** Sends the body one byte at a time, one every so many milliseconds. */
  readonly dripMs?: number;

  /** An HTML page, `true` for one like a front proxy's. */
  readonly html?: boolean | string;
  /** A redirect to this address; status 302 where `status` says nothing. */
  readonly redirectTo?: string;
  /** No body. */
  readonly empty?: boolean;
  readonly raw?: RawAnswer;
  /** The list has this many friends. */
  readonly friends?: number;
  /** The vendor's failure for an account that is logged out. */
  readonly accountOffline?: boolean;
  /** The vendor's failure for an appId that it does not know. */
  readonly deviceMissing?: boolean;
  /** A success that carries the received token in `msg` and in the header `x-echo-token`. */
  readonly echoToken?: boolean;

  /** HTTP status. From 300 on and with no body said above: a JSON body with this number as `ret`. */
  readonly status?: number;

  /** What fetchContactsListCache says, whatever was fetched before. */
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
    expected: 'an address that can stand in a header',
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
    const said = group.filter((key) => behaviour[key] !== undefined && behaviour[key] !== false);
    if (said.length > 1) throw new Error(`${name} can have only one of ${said.join(', ')}`);
  }
  return behaviour;
}

/**
 * Reads one behaviour or a list of them; the list comes back in its order.
 * @throws Error as parseBehaviour, with the place in the list.
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

/** Node throws when such a header is written, which would be too late to say so. */
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
