import { readManifests, type Manifest } from './manifests.ts';

export interface EnvEntry {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

export const manifests = readManifests();

export const ofKind = (kind: string): readonly Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);

export function the(kind: string, name: string): Manifest {
  const found = ofKind(kind).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

export const gateway = the('Deployment', 'gewe-gateway');
export const valkey = the('StatefulSet', 'valkey');
export const workloads = [gateway, valkey];

export const podOf = (workload: Manifest): Manifest => workload['spec'].template;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export const containerOf = (workload: Manifest): any => podOf(workload)['spec'].containers[0];
