import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { freePort } from './free-port.ts';
import { live, type Life } from './redis-life.ts';
import { encodeCommand, readAnswers } from './resp.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface RedisOptions {
  /** Further arguments, which override the default ones. */
  readonly args?: readonly string[];
  /** The password of every client. */
  readonly password?: string;
  /** Files for a server with TLS only. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** A server for one test, which ends with the process of the test, however that ends. */
export interface RedisUnderTest {
  /** `redis:` or `rediss:`, with the password. */
  readonly url: string;
  readonly port: number;
  /** The process that runs, or ran last. */
  readonly pid: number;
  /** The folder of its data. If it is emptied between `kill` and `start`, the server comes back without data. */
  readonly folder: string;
  /** Its log so far, over all starts. */
  log(): string;
  /** Sends a command on a new connection. Rejects with the error of the server. */
  command(...words: string[]): Promise<unknown>;
  /** The same with a password that was set later. */
  commandAs(password: string | undefined, ...words: string[]): Promise<unknown>;
  /** SIGKILL. Resolves when the process has ended. */
  kill(): Promise<void>;
  /** Starts again after `kill`, on the same port, with the same data. `args` replace the first ones. */
  start(args?: readonly string[]): Promise<void>;
  /** SIGSTOP: the system still accepts connections and bytes, but nothing is answered. */
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
      // Another process may have taken the port meanwhile.
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
  // A confirmed write survives a killed Redis. With `everysec` it does not if the disk is so slow that the next write comes
  // before the last one is synced: Redis then delays it for up to two seconds. The machine itself never fails here.
  const appendOnly = ['--appendonly', 'yes', '--appendfsync', 'no'];
  return [
    ...listens,
    ...['--bind', '127.0.0.1', '--save', ''],
    ...appendOnly,
    ...['--maxmemory-policy', 'noeviction'],
    ...(password === undefined ? [] : ['--requirepass', password]),
  ];
}
