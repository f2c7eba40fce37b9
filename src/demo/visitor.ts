import { DEMO_KEY, type Stage } from './stage.ts';

/** A response as its caller sees it. */
export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly ret?: number;
    readonly code?: string;
    readonly retryAt?: string;
    readonly data?: { readonly friends?: readonly string[] };
  };
  /** How long the caller waited, milliseconds. */
  readonly tookMs: number;
}

/** A caller of the stage's gateway. */
export interface Visitor {
  post(operation: string, body: object, headers?: Record<string, string>): Promise<Seen>;
  /** Declares at the ops listener since when an account has been online. */
  declare(appId: string, onlineSince: Date): Promise<Seen>;
}

export function createVisitor({ url, opsUrl }: Pick<Stage, 'url' | 'opsUrl'>): Visitor {
  async function see(
    method: 'POST' | 'PUT',
    address: string,
    headers: Record<string, string>,
    body: object,
  ): Promise<Seen> {
    const startedAt = performance.now();
    const answer = await fetch(address, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const seen = (await answer.json()) as Seen['body'];
    const tookMs = Math.round(performance.now() - startedAt);
    return { status: answer.status, headers: answer.headers, body: seen, tookMs };
  }

  return {
    post: (operation, body, headers = {}) =>
      see('POST', `${url}/contacts/${operation}`, { 'x-api-key': DEMO_KEY, ...headers }, body),
    declare: (appId, onlineSince) =>
      see(
        'PUT',
        `${opsUrl}/admin/accounts/${appId}`,
        {},
        { onlineSince: onlineSince.toISOString() },
      ),
  };
}
