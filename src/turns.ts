/** Work that one of several gateways does for all of them, such as a slow call about an account. */
export interface Turns {
  /**
   * Takes the turn, or tells who has it. Rejects where the store fails, and after `stop`: then the work may be done all the
   * same.
   */
  take(request: TurnRequest): Promise<Turn>;
  /** Nobody waits for the turns of others any more. */
  stop(): void;
}

export interface TurnRequest {
  readonly appId: string;
  readonly what: 'list' | 'list-cache' | 'online';
  /** When the work was asked for: a turn that has ended since will do. Milliseconds since the epoch. */
  readonly askedAt: number;
}

export type Turn = MyTurn | TheirTurn;

export interface MyTurn {
  readonly kind: 'mine';
  /** Tells those who wait that there is something to see before the end. */
  note(): void;
  /**
   * Ends it with what it came to. Without a result the work is for whoever wants to do it next. Never rejects.
   *
   * @param restMs so long the result stands for the work of who comes later, in milliseconds
   */
  end(result: Buffer | undefined, restMs?: number): Promise<void>;
}

export interface TheirTurn {
  readonly kind: 'theirs';
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Resolves with the first note; never where there is none. */
  readonly noted: Promise<void>;
  /** What it came to; undefined where nobody does it any more, or nobody can tell. Never rejects. */
  readonly ended: Promise<Buffer | undefined>;
}

/** Where there is one gateway, it is always its turn. */
export const ownTurns: Turns = {
  take: async () => ({ kind: 'mine', note: () => undefined, end: async () => undefined }),
  stop: () => undefined,
};

/**
 * Does `work` where it is this gateway's turn, and else waits for what another's came to. Where the store fails everyone
 * works alone. Rejects only as `work` does.
 */
export async function inTurn(
  turns: Turns,
  request: TurnRequest,
  work: () => Promise<Buffer | undefined>,
  restMs = 0,
): Promise<Buffer | undefined> {
  for (;;) {
    const turn = await turns.take(request).catch(() => undefined);
    if (turn === undefined) return work();
    if (turn.kind === 'theirs') {
      const result = await turn.ended;
      if (result !== undefined) return result;
      continue;
    }
    let result: Buffer | undefined;
    try {
      result = await work();
      return result;
    } finally {
      await turn.end(result, restMs);
    }
  }
}
