/** What the page says, in words. Pure functions of what the gateway answered. */

/** A quota as `GET /accounts/{appId}` shows it. */
export interface Quota {
  readonly name: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly left: number;
  /** ISO 8601; null while something is left. */
  readonly opensAt: string | null;
}

/** Where a contact list came from, read off the headers of its answer. */
export interface ListOrigin {
  /** `X-Gateway-Source`: live, saved or gewe-cache. */
  readonly source: string | null;
  /** `Age`, seconds. */
  readonly age: string | null;
  /** `Cache-Status`, RFC 9211. */
  readonly cacheStatus: string | null;
}

const WHY_SAVED: Readonly<Record<string, string>> = {
  'upstream-timeout': 'GEWE 没有及时响应',
  'upstream-unreachable': 'GEWE 连接不上',
  'upstream-invalid': 'GEWE 没有返回可用的名单',
  'upstream-token-rejected': 'GEWE 拒绝了网关的令牌',
};

/** Such as `3 分钟前`. */
export function ageInWords(seconds: number): string {
  if (seconds < 5) return '刚刚';
  if (seconds < 60) return `${Math.floor(seconds)} 秒前`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} 分钟前`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} 小时前`;
  return `${Math.floor(seconds / 86_400)} 天前`;
}

/**
 * Such as `实时` or `3 分钟前保存的名单，GEWE 没有及时响应`.
 *
 * @param heldSeconds how long the page has had the list
 */
export function originInWords(origin: ListOrigin, heldSeconds = 0): string {
  const { source, age, cacheStatus } = origin;
  if (source === 'live') return heldSeconds < 60 ? '实时' : `${ageInWords(heldSeconds)}取得的名单`;
  const then = ageInWords(Number(age ?? 0) + heldSeconds);
  if (source === 'gewe-cache') return `GEWE 缓存的名单，${then}`;
  const why = WHY_SAVED[/detail=([\w-]+)/.exec(cacheStatus ?? '')?.[1] ?? ''];
  return why === undefined ? `${then}保存的名单` : `${then}保存的名单，${why}`;
}

/** A whole number of seconds as a clock: `00:42`, `1:02:03`, `2 天 03:04:05`. */
export function countdownInWords(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor((seconds % 86_400) / 3600)];
  const clock = `${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  if (days > 0) return `${days} 天 ${two(hours)}:${clock}`;
  return hours > 0 ? `${hours}:${clock}` : clock;
}

/** Such as `24 小时内可添加`. A quota that this page does not know is shown under its own name. */
export function quotaInWords({ name, windowSeconds }: Quota): string {
  const window = windowInWords(windowSeconds);
  if (name === 'add-gap') return `两次添加至少间隔 ${window}`;
  if (name.startsWith('add-')) return `${window}内可添加`;
  if (name.startsWith('accept-')) return `${window}内可通过`;
  return `${name}（${window}）`;
}

function windowInWords(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} 小时`;
  return seconds % 60 === 0 ? `${seconds / 60} 分钟` : `${seconds} 秒`;
}

/** An instant of the gateway in the reader's own time zone: `09:30:05` if it is today, else `6月2日 09:30`. */
export function instantInWords(iso: string, now: string): string {
  const dayOf = new Intl.DateTimeFormat('zh-CN', { dateStyle: 'long' });
  const [instant, today] = [new Date(iso), new Date(now)];
  const isToday = dayOf.format(instant) === dayOf.format(today);
  const hours = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const parts = isToday
    ? ({ ...hours, second: '2-digit' } as const)
    : ({ ...hours, month: 'long', day: 'numeric' } as const);
  return new Intl.DateTimeFormat('zh-CN', parts).format(instant);
}

/** An instant ahead, rounded up as the gateway does in its `msg`, so that it is never too early. */
export function openingInWords(iso: string, now: string): string {
  const [instant, wait] = [Date.parse(iso), Date.parse(iso) - Date.parse(now)];
  const unit = wait < 120_000 ? 1000 : 60_000;
  return instantInWords(new Date(Math.ceil(instant / unit) * unit).toISOString(), now);
}

const FALLBACKS: Readonly<Record<number, string>> = {
  401: '登录已失效，请重新登录',
  403: '没有权限进行这个操作',
  429: '请求过于频繁，请稍后再试',
  502: 'GEWE 暂时没有响应，请稍后再试',
  503: '网关暂时不可用，请稍后再试',
  504: 'GEWE 没有及时响应，请稍后再试',
};

/**
 * Why a call failed. The gateway's `msg` is made to be shown as it is; what stands between this page and the gateway
 * (a proxy, a lost connection: status 0) has none.
 */
export function failureInWords(status: number, msg: unknown): string {
  if (typeof msg === 'string' && msg !== '') return msg;
  if (status === 0) return '连不上网关，请检查网络后再试';
  return FALLBACKS[status] ?? `请求失败（${status}）`;
}
