import { hostname } from 'node:os';

/** What this gateway is called in its log, among several. */
export interface Instance {
  name(): string;
  /** Tells which port the client listener got: with `PORT=0` it is not known before. */
  listensOn(port: number): void;
}

/** @param configured `INSTANCE`; without it the name is the host name and the port, once there is one */
export function createInstance(configured: string | undefined, port: number): Instance {
  const host = hostname();
  const onPort = (one: number) => configured ?? (one === 0 ? host : `${host}:${one}`);
  let name = onPort(port);
  return {
    name: () => name,
    listensOn: (actual) => void (name = onPort(actual)),
  };
}
