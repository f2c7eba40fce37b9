/** Calls the gateway with a session, which it gets from this page's own backend and renews in time. */

/** What the backend's `POST /session` answers. */
export interface Session {
  readonly gatewayUrl: string;
  readonly user: string;
  readonly appIds: readonly string[];
  readonly token: string;
  readonly ttlSeconds: number;
}

/** An answer of the gateway. Status 0: none came. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty if what came was no JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Gateway {
  /** A session that has a while to live; undefined if nobody is signed in. Rejects if the backend has none to give. */
  session(): Promise<Session | undefined>;
  /** Never rejects. A 401 is tried once more with a new session. */
  get(path: string): Promise<Answer>;
  post(operation: string, body: object, headers?: Record<string, string>): Promise<Answer>;
  /** Forgets the session. */
  forget(): void;
}

/** A session is renewed when it has less than this left: longer than any call takes. Seconds. */
const MARGIN_SECONDS = 60;

/** Longer than the gateway's own deadlines, so that its word comes first. */
const PATIENCE_MS = 45_000;

export function createGateway(): Gateway {
  let minted: { readonly session: Promise<Session | undefined>; renewAt: number } | undefined;

  /** One request to the backend at a time, however many calls wait for it. */
  function session(): Promise<Session | undefined> {
    if (minted !== undefined && performance.now() < minted.renewAt) return minted.session;
    const minting = { session: mint(), renewAt: Infinity };
    minted = minting;
    minting.session.then(
      (came) => {
        // By this page's stopwatch: its clock may be wrong.
        const seconds = came === undefined ? 0 : came.ttlSeconds - MARGIN_SECONDS;
        minting.renewAt = performance.now() + seconds * 1000;
      },
      () => {
        minting.renewAt = 0;
      },
    );
    return minting.session;
  }

  async function send(path: string, init: RequestInit, headers: Record<string, string>) {
    const current = await session();
    if (current === undefined) return { answer: answerOf(401), used: minted };
    const used = minted;
    const response = await fetch(current.gatewayUrl + path, {
      ...init,
      headers: { ...headers, Authorization: `Bearer ${current.token}` },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const body = (await response.json().catch(() => ({}))) as unknown;
    return { answer: answerOf(response.status, response.headers, body), used };
  }

  async function call(path: string, init: RequestInit, headers: Record<string, string> = {}) {
    try {
      const { answer, used } = await send(path, init, headers);
      if (answer.status !== 401) return answer;
      // Ended at the gateway before its time. Nothing was done, so it is safe to ask again.
      if (minted === used) minted = undefined;
      return (await send(path, init, headers)).answer;
    } catch {
      return answerOf(0);
    }
  }

  return {
    session,
    get: (path) => call(path, {}),
    post: (operation, body, headers = {}) =>
      call(
        `/contacts/${operation}`,
        { method: 'POST', body: JSON.stringify(body) },
        { 'Content-Type': 'application/json', ...headers },
      ),
    forget() {
      minted = undefined;
    },
  };
}

async function mint(): Promise<Session | undefined> {
  const response = await fetch('/session', { method: 'POST' });
  if (response.status === 204) return undefined;
  if (!response.ok) throw new Error(`The backend answered ${response.status}.`);
  return (await response.json()) as Session;
}

function answerOf(status: number, headers = new Headers(), body: unknown = {}): Answer {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  return { status, headers, body: isObject ? (body as Answer['body']) : {} };
}
