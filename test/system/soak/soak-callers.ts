import { type ExactConnection, openConnection } from '../../support/raw-client.ts';
import { bigListRequest, soakRequest, type SoakRequest } from './soak-requests.ts';

/** The outcomes of the requests of a load, by their ids. */
export interface Tally {
  /** Callers that waited for their response, with its status. */
  readonly answered: Map<string, number>;
  /** Callers that left after the head of their request was sent. */
  readonly left: Set<string>;
  /** Callers that left earlier: the gateway may never have seen a request. */
  readonly neverSent: Set<string>;
  /** Everything that was wrong. */
  readonly wrong: string[];
}

export function emptyTally(): Tally {
  return { answered: new Map(), left: new Set(), neverSent: new Set(), wrong: [] };
}

interface Callers {
  /** Sends this many requests, `atOnce` at a time, each in a random way; resolves when all have ended. */
  send(count: number, atOnce: number): Promise<void>;
  /** Ends the kept connections. */
  end(): void;
}

/** Callers of every kind: kept and new connections, two requests in one packet, leaving callers, slow readers. */
export function soakCallers(
  url: string,
  name: string,
  random: (below: number) => number,
  { answered, left, neverSent, wrong }: Tally,
): Callers {
  const kept: ExactConnection[] = [];
  let made = 0;
  const nextId = () => `${name}-${(made += 1)}`;

  async function stay(connection: ExactConnection, ...requests: SoakRequest[]): Promise<void> {
    const bytes = requests.map(({ head, body }) => head + body);
    const asking = requests.map(async ({ id, wrong: wrongWith }, n) => {
      // All in the first write, so that both requests come in one packet.
      const answer = await connection.ask(id, n === 0 ? bytes.join('') : '');
      const fault = wrongWith(answer);
      if (answered.has(id)) wrong.push(`${id} was answered twice`);
      if (fault !== undefined) wrong.push(`${id}: ${fault}`);
      answered.set(id, answer.status);
    });
    for (const { status, reason } of (await Promise.allSettled(
      asking,
    )) as PromiseRejectedResult[]) {
      if (status === 'rejected') wrong.push((reason as Error).message);
    }
    if (connection.surplus() !== '') wrong.push(`nobody asked for ${connection.surplus()}`);
  }

  async function stayOnKept(...requests: SoakRequest[]): Promise<void> {
    // The longest idle one, so that none is idle until the gateway closes it.
    const connection = kept.shift() ?? (await openConnection(url));
    await stay(connection, ...requests);
    kept.push(connection);
  }

  async function leave({ id, head, body }: SoakRequest, when: Leaving): Promise<void> {
    const connection = await openConnection(url);
    (when === 'before' ? neverSent : left).add(id);
    switch (when) {
      case 'before':
        await connection.write(head.slice(0, head.length / 2));
        break;
      case 'within':
        await connection.write(head + body.slice(0, body.length / 2));
        break;
      case 'after':
        await connection.write(head + body);
        break;
      case 'while answered':
        await Promise.all([connection.heard(), connection.write(head + body)]);
        break;
      default:
        when satisfies never;
    }
    connection.leave();
  }

  async function readSlowly(request: SoakRequest): Promise<void> {
    const connection = await openConnection(url);
    const answering = stay(connection, request);
    connection.pause();
    // Other callers are served meanwhile.
    for (let n = 0; n < 3; n++) await stayOnKept(soakRequest(nextId(), random));
    connection.resume();
    await answering;
    connection.leave();
  }

  async function sendOne(): Promise<void> {
    const request = soakRequest(nextId(), random);
    const manner = random(100);
    if (manner < 50) return stayOnKept(request);
    if (manner < 65) return stayOnKept(request, soakRequest(nextId(), random));
    if (manner < 67) return readSlowly(bigListRequest(nextId()));
    if (manner < 85) return leave(request, LEAVINGS[random(LEAVINGS.length)] as Leaving);
    const connection = await openConnection(url);
    await stay(connection, request);
    connection.leave();
  }

  return {
    async send(count, atOnce) {
      const until = made + count;
      const caller = async () => {
        while (made < until) await sendOne();
      };
      await Promise.all(Array.from({ length: atOnce }, caller));
    },
    end() {
      for (const connection of kept.splice(0)) connection.leave();
    },
  };
}

const LEAVINGS = ['before', 'within', 'after', 'while answered'] as const;
type Leaving = (typeof LEAVINGS)[number];
