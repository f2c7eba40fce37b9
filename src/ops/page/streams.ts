/** Live updates as server-sent events (HTML, section 9.2): which streams are open, and what each has been sent. */
import type { ServerResponse } from 'node:http';

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
  /** Sends a head with these headers, and updates until the caller leaves. */
  open(res: ServerResponse, headers: Readonly<Record<string, string>>, render: Render): Stream;
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
const RETRY_MS = 5000;

interface Open {
  readonly res: ServerResponse;
  readonly render: Render;
  /** What the page shows, by region. */
  readonly sent: Map<string, string>;
  isBusy: boolean;
}

/** The intervals are for tests. */
export function createStreams(
  { updateMs, commentMs } = { updateMs: UPDATE_EVERY_MS, commentMs: COMMENT_EVERY_MS },
): Streams {
  const open = new Set<Open>();
  let timers: NodeJS.Timeout[] = [];
  let stopped = false;

  function schedule(): void {
    if (open.size === 0) {
      for (const timer of timers) clearInterval(timer);
      timers = [];
    } else if (timers.length === 0) {
      timers = [setInterval(updateAll, updateMs), setInterval(commentAll, commentMs)];
      for (const timer of timers) timer.unref();
    }
  }

  function updateAll(): void {
    const moment = {};
    for (const stream of open) void update(stream, moment);
  }

  function commentAll(): void {
    for (const { res } of open) if (!res.writableNeedDrain) res.write(':\n\n');
  }

  return {
    hasRoom: () => !stopped && open.size < MOST_STREAMS,
    open(res, headers, render) {
      const stream: Open = { res, render, sent: new Map(), isBusy: false };
      res.writeHead(200, headers);
      res.write(`retry: ${RETRY_MS}\n\n`);
      open.add(stream);
      res.on('close', () => {
        open.delete(stream);
        schedule();
      });
      schedule();
      void update(stream, {});
      return {
        signedOut: () => void (open.has(stream) && res.end('event: signed-out\ndata:\n\n')),
      };
    },
    stop() {
      stopped = true;
      for (const { res } of open) res.end();
    },
  };
}

/** Sends the regions that have changed. A reader that is slow, or a store that is, misses some updates. */
async function update(stream: Open, moment: object): Promise<void> {
  const { res, render, sent } = stream;
  if (stream.isBusy || res.writableNeedDrain) return;
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
