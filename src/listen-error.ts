import { isIP } from 'node:net';

/** A listener cannot use its address. `cause` is Node's error. Its message may contain a host name. */
export class ListenError extends Error {
  readonly listener: 'client' | 'ops';

  constructor(listener: 'client' | 'ops', cause: unknown) {
    super(`the ${listener} listener cannot listen`, { cause });
    this.name = 'ListenError';
    this.listener = listener;
  }
}

/** `started`, but rejects with a ListenError that names the listener. */
export function listening<T>(listener: 'client' | 'ops', started: Promise<T>): Promise<T> {
  return started.catch((cause: unknown) => {
    throw new ListenError(listener, cause);
  });
}

const LISTENERS = {
  client: { name: 'the client listener', host: 'HOST', port: 'PORT' },
  ops: { name: 'the ops listener', host: 'OPS_HOST', port: 'OPS_PORT' },
} as const;

/**
 * Why a listener cannot use its address, and which setting to change. Never contains a host name: it could be a secret
 * that was put into the wrong variable.
 */
export function whyNotListening({ listener, cause }: ListenError): string {
  const { name, host, port } = LISTENERS[listener];
  const error = cause as NodeJS.ErrnoException & { address?: string; port?: number };
  const where = addressIn(error.address, error.port);
  const [problem, remedy] = wordsFor(error, host, port);
  return `${name} (${host}, ${port}) cannot listen${where}: ${problem} (${error.code ?? 'no code'}). ${remedy}.`;
}

/** With port 0, Node's error has no port. */
function addressIn(address = '', port: number | undefined): string {
  const version = isIP(address);
  if (version === 0) return '';
  return ` on ${version === 6 ? `[${address}]` : address}${port === undefined ? '' : `:${port}`}`;
}

function wordsFor(
  { code, syscall }: NodeJS.ErrnoException,
  host: string,
  port: string,
): readonly [problem: string, remedy: string] {
  if (syscall === 'getaddrinfo') {
    return [
      `the name in ${host} is not known`,
      `Set ${host} to an address of this machine, such as 127.0.0.1`,
    ];
  }
  switch (code) {
    case 'EADDRINUSE':
      return ['the port is taken', `Stop what listens there, or set ${port} to a free port`];
    case 'EACCES':
      return [
        'this user may not use that port',
        `Set ${port} to another one; ports below 1024 often need extra privileges`,
      ];
    case 'EADDRNOTAVAIL':
      return [
        'this machine does not have that address',
        `Set ${host} to one that it has: 127.0.0.1 for itself only, 0.0.0.0 or :: for all`,
      ];
    default:
      return ['the address cannot be used', `Correct ${host} and ${port}`];
  }
}
