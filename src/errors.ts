/**
 * All errors that callers see. Each code has a section in docs/errors.md. Its status, `title` and `msg` are defined
 * only here.
 */

interface RefusalKind {
  /** HTTP status, also the `ret` of the body. */
  readonly status: number;
  /** A short English name, RFC 9457 section 3.1.3. */
  readonly title: string;
  /** For the people behind the caller: in Chinese, like every `msg` of GEWE. */
  readonly msg: string;
}

export const REFUSALS = {
  'invalid-json': { status: 400, title: 'Body is not valid JSON', msg: '请求体不是有效的 JSON' },
  'duplicate-key': { status: 400, title: 'Duplicate key', msg: '请求体中有重复的字段' },
  'invalid-body': { status: 400, title: 'Invalid body', msg: '请求体格式不正确' },
  'invalid-app-id': { status: 400, title: 'Invalid appId', msg: 'appId 缺失或格式不正确' },
  'invalid-option': { status: 400, title: 'Invalid option', msg: 'option 只能是 2、3 或 4' },
  'invalid-target': { status: 400, title: 'Invalid v3', msg: 'v3 缺失或格式不正确' },
  unauthenticated: { status: 401, title: 'No valid key', msg: '缺少访问密钥或密钥无效' },
  'app-not-allowed': {
    status: 403,
    title: 'appId is not allowed for this client',
    msg: '无权使用该 appId',
  },
  'operation-not-allowed': {
    status: 403,
    title: 'Operation is not allowed for this client',
    msg: '无权调用该接口',
  },
  'origin-not-allowed': {
    status: 403,
    title: 'Origin is not allowed for this client',
    msg: '不允许该网页来源调用',
  },
  'not-found': { status: 404, title: 'Not found', msg: '接口不存在' },
  'method-not-allowed': { status: 405, title: 'Method not allowed', msg: '请求方法不被允许' },
  'idempotency-in-progress': {
    status: 409,
    title: 'The first request with this Idempotency-Key is still in progress',
    msg: '相同幂等键的请求正在处理中',
  },
  'body-too-large': { status: 413, title: 'Body is too large', msg: '请求体过大' },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    msg: '请求的内容类型不受支持',
  },
  'misdirected-request': {
    status: 421,
    title: 'This host is not served here',
    msg: '请求的主机名不属于本服务',
  },
  'idempotency-mismatch': {
    status: 422,
    title: 'This Idempotency-Key was already used with a different body',
    msg: '幂等键已用于不同的请求',
  },
  'account-too-young': {
    status: 429,
    title: 'The account has not been online long enough',
    msg: '账号在线时长不足，暂不能添加好友',
  },
  'add-quota-exhausted': {
    status: 429,
    title: 'The account has used up its friend requests for now',
    msg: '该账号添加好友次数已用完，请稍后再试',
  },
  'add-too-soon': {
    status: 429,
    title: 'Too soon after the last friend request',
    msg: '添加好友过于频繁，请稍后再试',
  },
  'target-quota-exhausted': {
    status: 429,
    title: 'This person was sent a friend request recently',
    msg: '对同一用户的添加请求过于频繁，请稍后再试',
  },
  'accept-quota-exhausted': {
    status: 429,
    title: 'The account has accepted all the friend requests it may for now',
    msg: '该账号通过好友次数已用完，请稍后再试',
  },
  'client-rate-limited': {
    status: 429,
    title: 'Too many requests from this client',
    msg: '请求过于频繁，请稍后再试',
  },
  internal: { status: 500, title: 'Internal error', msg: '网关内部错误' },
  'upstream-unreachable': {
    status: 502,
    title: 'The upstream cannot be reached',
    msg: '上游服务无法连接',
  },
  'upstream-invalid': {
    status: 502,
    title: 'The upstream returned an invalid response',
    msg: '上游服务返回无效响应',
  },
  'upstream-token-rejected': {
    status: 502,
    title: "The upstream rejected the gateway's token",
    msg: '上游服务拒绝了网关的令牌，请联系管理员',
  },
  'store-unavailable': { status: 503, title: 'The store is unavailable', msg: '存储暂不可用' },
  'issuer-unavailable': {
    status: 503,
    title: "The identity provider's keys are unavailable",
    msg: '身份认证服务暂不可用，请稍后再试',
  },
  'shutting-down': { status: 503, title: 'The gateway is stopping', msg: '网关正在停止' },
  'upstream-timeout': {
    status: 504,
    title: 'The upstream did not answer in time',
    msg: '上游服务响应超时',
  },
  'list-not-saved': { status: 504, title: 'No list is saved', msg: '没有已保存的通讯录' },
} as const satisfies Record<string, RefusalKind>;

export type RefusalCode = keyof typeof REFUSALS;

/** Codes that only callers of the ops listener can get. */
export const OPS_CODES: ReadonlySet<RefusalCode> = new Set(['misdirected-request']);

interface RefusalExtras {
  /** Instead of the `msg` of the table: what a page can show to people as it is, such as the time when a quota opens. */
  readonly msg?: string;
  /** Extra members of the body, such as `retryAt`. Nothing internal. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Extra headers, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log only; it never reaches a caller. */
  readonly cause?: unknown;
}

/** Thrown if the gateway will not or cannot serve a request. Its caller sees everything but the cause. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly status: number;
  /** In Chinese, for the people behind the caller. */
  readonly msg: string;
  /** In English; says what to do. */
  readonly detail: string;
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: RefusalCode, detail: string, extras: RefusalExtras = {}) {
    super(`${code}: ${detail}`, extras.cause === undefined ? {} : { cause: extras.cause });
    this.name = 'Refusal';
    this.code = code;
    this.status = REFUSALS[code].status;
    this.msg = extras.msg ?? REFUSALS[code].msg;
    this.detail = detail;
    this.members = extras.members ?? {};
    this.headers = extras.headers ?? {};
  }
}

/**
 * The header and the member that say when to try again. `Retry-After` is rounded up to whole seconds (RFC 9110 section
 * 10.2.3), so that it is never too early. Both instants are milliseconds since the epoch.
 */
export function retryAt(
  instant: number,
  now: number,
): Required<Pick<RefusalExtras, 'members' | 'headers'>> {
  return {
    members: { retryAt: new Date(instant).toISOString() },
    headers: retryAfter(instant - now),
  };
}

/** The refusal of a call that was not begun, or was ended, because the gateway is stopping. */
export function shuttingDown(
  detail = 'This gateway is stopping. Send the request again.',
): Refusal {
  return new Refusal('shutting-down', detail, { headers: retryAfter(1000) });
}

/** `Retry-After` for a wait in milliseconds, at least one second. */
export function retryAfter(waitMs: number): { 'Retry-After': string } {
  return { 'Retry-After': String(Math.max(1, Math.ceil(waitMs / 1000))) };
}

/** The type of a JSON value in words, for a detail that must not repeat the value. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
