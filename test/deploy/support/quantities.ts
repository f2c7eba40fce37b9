const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** A quantity of memory as Kubernetes writes it (`512Mi`), in bytes. */
export function bytesOf(quantity: string): number {
  const [, number = '', unit = ''] = /^(\d+)([kMG]?i?)$/.exec(quantity) ?? [];
  return Number(number) * (FACTORS[unit] ?? NaN);
}

/** As Compose (`512m`) and Valkey (`1gb`) write it. Their units are powers of two. */
export function binaryBytesOf(quantity: string): number {
  const [, number = '', unit = ''] = /^(\d+)([kmg])b?$/.exec(quantity) ?? [];
  return bytesOf(`${number}${unit.replace('k', 'K').toUpperCase()}i`);
}

/** The memory limit in a configuration of Valkey, in bytes. */
export function valkeyBytes(config: string): number {
  return binaryBytesOf(/^maxmemory (\S+)$/m.exec(config)?.[1] ?? '');
}
