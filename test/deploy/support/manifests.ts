import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/** The members that every Kubernetes object has. Tests read the others as needed. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly [part: string]: any;
}

export const DEPLOY = fileURLToPath(new URL('../../../deploy', import.meta.url));

/** The text of a file under `deploy`. */
export const deployed = (path: string): string => readFileSync(join(DEPLOY, path), 'utf8');

/** Everything that `kubectl apply -f deploy/kubernetes/` would send. Throws if a file is not YAML or repeats a key. */
export function readManifests(): readonly Manifest[] {
  const folder = join(DEPLOY, 'kubernetes');
  return readdirSync(folder)
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .flatMap((name) => manifestsIn(readFileSync(join(folder, name), 'utf8')));
}

export function manifestsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as Manifest;
  });
}
