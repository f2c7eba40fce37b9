import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { freePort } from './free-port.ts';
import { live, type Life } from './redis-life.ts';
import { encodeCommand, readAnswers } from './resp.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface RedisOptions {
  /** Further arguments; they win over those that every server gets. */
  readonly args?: readonly string[];
  /** What every client has to show. */
  readonly password?: string;
  /** Files for a server that speaks TLS, and nothing else. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** A server of the test's own, which dies with the test's process, however that ends. */
export interface RedisUnderTest {
  /** `redis:` or `rediss:`, with the password. */
  readonly url: string;
  readonly port: number;
  /** Of the process that runs, or ran last. */
  readonly pid: number;
  /** Where its data is; emptied between `kill` and `start`, it comes back with nothing. */
  readonly folder: string;
  /** All that it has logged so far, over all its lives. */
  log(): string;
  /** Asks on a connection of its own. Rejects with what the server says where it refuses. */
  command(...words: string[]): Promise<unknown>;
  /** The same with a password that it was given since. */
  commandAs(password: string | undefined, ...words: string[]): Promise<unknown>;
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Again after `kill`: on the same port, with the same data. `args` take the place of the first ones. */
  start(args?: readonly string[]): Promise<void>;
  /** SIGSTOP: the system still accepts connections and bytes for it, nothing is answered. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** A Redis (or Valkey) on a free port of 127.0.0.1 that keeps an append-only file and evicts nothing. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisUnderTest> {
  const { args = [], password, tls } = options;
  const folder = await temporaryFolder();
  let log = '';
  let port = 0;
  let life: Life | undefined;

  async function start(more: readonly string[]): Promise<void> {
    life = await live([...ownArguments(port, options), ...more], folder.path, (text) => {
      log += text;
    });
  }

  async function kill(): Promise<void> {
    life?.signal('SIGKILL');
    await life?.ended;
  }

  function open(): Socket {
    const to = { port, host: '127.0.0.1' };
    return tls === undefined ? connect(to) : connectTls({ ...to, rejectUnauthorized: false });
  }

  async function commandAs(key: string | undefined, ...words: string[]): Promise<unknown> {
    const commands = key === undefined ? [words] : [['AUTH', key], words];
    const socket = open();
    socket.write(commands.map(encodeCommand).join(''));
    const answer = (await readAnswers(socket, commands.length)).at(-1);
    socket.destroy();
    if (answer instanceof Error) throw answer;
    return answer;
  }

  for (let tries = 5; life === undefined; tries -= 1) {
    port = await freePort();
    try {
      await start(args);
    } catch (error) {
      // Somebody may have taken the port since.
      if (tries > 0 && String(error).includes('in use')) continue;
      await folder.remove();
      throw error;
    }
  }

  const userinfo = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  return {
    url: `${tls === undefined ? 'redis' : 'rediss'}://${userinfo}127.0.0.1:${port}`,
    port,
    get pid() {
      return life?.pid ?? NaN;
    },
    folder: folder.path,
    log: () => log,
    command: (...words) => commandAs(password, ...words),
    commandAs,
    kill,
    start: (more = args) => start(more),
    freeze: () => life?.signal('SIGSTOP'),
    thaw: () => life?.signal('SIGCONT'),
    async stop() {
      await kill();
      await folder.remove();
    },
  };
}

function ownArguments(port: number, { password, tls }: RedisOptions): string[] {
  const listens =
    tls === undefined
      ? ['--port', String(port)]
      : ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'].concat(
          ['--tls-cert-file', tls.certificate, '--tls-key-file', tls.key],
          ['--tls-ca-cert-file', tls.certificate],
        );
  // What was answered outlives Redis when it is killed. With `everysec` it does not where the disk is so slow that the next write
  // comes before the last one is synced: Redis then holds that back for up to two seconds. Here no machine dies.
  const appendOnly = ['--appendonly', 'yes', '--appendfsync', 'no'];
  return [
    ...listens,
    ...['--bind', '127.0.0.1', '--save', ''],
    ...appendOnly,
    ...['--maxmemory-policy', 'noeviction'],
    ...(password === undefined ? [] : ['--requirepass', password]),
  ];
}
