/** Live updates as server-sent events (HTML, section 9.2): which streams are open, and what each has been sent. */
import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';

/** Parts of a page, as HTML, by the id of their element. */
export type Rendered = Readonly<Record<string, { toString(): string }>>;

/**
 * Makes what a page shows now.
 *
 * @param moment the same object for all streams that are updated together
 */
export type Render = (moment: object) => Promise<Rendered>;

export interface Streams {
  /** Whether one more may be opened. */
  hasRoom(): boolean;
  /** Sends a head with these headers, and updates until the caller leaves. Undefined if it has left already. */
  open(
    res: ServerResponse,
    headers: Readonly<Record<string, string>>,
    render: Render,
  ): Stream | undefined;
  /** Ends all streams, and refuses further ones. */
  stop(): void;
}

export interface Stream {
  /** Says that the sign-in is over, and ends. */
  signedOut(): void;
}

const MOST_STREAMS = 100;
const UPDATE_EVERY_MS = 5000;
/** Proxies close connections on which nothing comes. */
const COMMENT_EVERY_MS = 15_000;
/** A reader that has taken nothing for so many comments, a minute, is gone. It would keep its place for ever. */
const MOST_COMMENTS_MISSED = 4;
const RETRY_MS = 5000;

interface Open {
  readonly res: ServerResponse;
  readonly render: Render;
  /** What the page shows, by region. */
  readonly sent: Map<string, string>;
  isBusy: boolean;
  commentsMissed: number;
}

/** The intervals are for tests. */
export function createStreams(
  { updateMs, commentMs } = { updateMs: UPDATE_EVERY_MS, commentMs: COMMENT_EVERY_MS },
): Streams {
  const open = new Set<Open>();
  let timers: NodeJS.Timeout[] = [];
  let stopped = false;
  let updating = false;

  function schedule(): void {
    if (open.size === 0) {
      for (const timer of timers) clearInterval(timer);
      timers = [];
    } else if (timers.length === 0) {
      timers = [setInterval(() => void updateAll(), updateMs), setInterval(commentAll, commentMs)];
      for (const timer of timers) timer.unref();
    }
  }

  /** One after another: a hundred at once would hold up everybody's requests. */
  async function updateAll(): Promise<void> {
    if (updating) return;
    updating = true;
    const moment = {};
    for (const stream of [...open]) {
      await update(stream, moment);
      await turn();
    }
    updating = false;
  }

  function commentAll(): void {
    for (const stream of open) {
      const { res } = stream;
      if (canTake(res)) res.write(':\n\n');
      else if ((stream.commentsMissed += 1) === MOST_COMMENTS_MISSED) res.destroy();
    }
  }

  return {
    hasRoom: () => !stopped && open.size < MOST_STREAMS,
    open(res, headers, render) {
      // Nothing would end it.
      if (res.closed) return undefined;
      const stream: Open = { res, render, sent: new Map(), isBusy: false, commentsMissed: 0 };
      res.writeHead(200, headers);
      res.write(`retry: ${RETRY_MS}\n\n`);
      open.add(stream);
      res.on('drain', () => (stream.commentsMissed = 0));
      res.on('close', () => {
        open.delete(stream);
        schedule();
      });
      schedule();
      void update(stream, {});
      return {
        signedOut: () => void (res.writableEnded || res.end('event: signed-out\ndata:\n\n')),
      };
    },
    stop() {
      stopped = true;
      for (const { res } of open) res.end();
    },
  };
}

/** Whether the reader has taken what came before, and more may come: to write after the end is an error. */
function canTake(res: ServerResponse): boolean {
  return !res.writableEnded && !res.writableNeedDrain;
}

/** Sends the regions that have changed. A reader that is slow, or a store that is, misses some updates. */
async function update(stream: Open, moment: object): Promise<void> {
  const { res, render, sent } = stream;
  if (stream.isBusy || !canTake(res)) return;
  stream.isBusy = true;
  try {
    const regions = changed(sent, await render(moment));
    if (Object.keys(regions).length > 0 && !res.writableEnded) {
      res.write(`event: regions\ndata: ${JSON.stringify(regions)}\n\n`);
    }
  } catch {
    // What fails is reported where it fails. The page sees that nothing comes.
  } finally {
    stream.isBusy = false;
  }
}

/** The regions that are not as they were sent before, which `sent` then has. */
function changed(sent: Map<string, string>, rendered: Rendered): Record<string, string> {
  const regions: Record<string, string> = {};
  for (const [id, html] of Object.entries(rendered)) {
    const text = html.toString();
    if (sent.get(id) === text) continue;
    sent.set(id, text);
    regions[id] = text;
  }
  return regions;
}
