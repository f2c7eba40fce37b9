import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Manifest } from './manifests.ts';

/**
 * The problems of manifests by the Kubernetes schemas of kubernetes-models: missing keys, wrong types and values, and
 * unknown keys.
 */
export async function schemaProblems(manifests: readonly Manifest[]): Promise<readonly string[]> {
  const invalid = await Promise.all(manifests.map(invalidIn));
  return [...invalid.flat(), ...unknownKeysIn(manifests)];
}

async function invalidIn(manifest: Manifest): Promise<readonly string[]> {
  const { apiVersion, kind } = manifest;
  try {
    const module = (await import(`kubernetes-models/${apiVersion}/${kind}`)) as Models;
    const Model = module[kind];
    if (Model === undefined) throw new Error(`there is no ${kind} in ${apiVersion}`);
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [`${nameOf(manifest)}: ${(error as Error).message}`];
  }
}

type Models = Readonly<Record<string, new (manifest: Manifest) => { validate(): void }>>;

/**
 * The schemas of the API accept unknown keys, and the cluster drops them silently: a misspelt probe is no probe. The
 * compiler rejects them in a literal with a type.
 */
function unknownKeysIn(manifests: readonly Manifest[]): readonly string[] {
  const source = manifests
    .map(({ apiVersion, kind, ...rest }, index) => {
      const literal = JSON.stringify({ apiVersion, kind, ...rest });
      return `export const m${index}: import('kubernetes-models/${apiVersion}').I${kind} = ${literal};`;
    })
    .join('\n');
  return compile(source).map((diagnostic) => {
    const manifest =
      manifests[ts.getLineAndCharacterOfPosition(diagnostic.file, diagnostic.start).line];
    const words = ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ');
    return `${manifest === undefined ? 'somewhere' : nameOf(manifest)}: ${words}`;
  });
}

const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;

/** Read once for all checks: the declarations are most of the work. */
const declarations = new Map<string, ts.SourceFile | undefined>();

/** The compiler's errors for a file that exists only in memory, beside this one. */
function compile(source: string): readonly ts.DiagnosticWithLocation[] {
  const path = join(dirname(fileURLToPath(import.meta.url)), 'manifests-as-literals.ts');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2024.d.ts'],
    types: [],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, ...rest) => {
    if (name === path) return ts.createSourceFile(name, source, ts.ScriptTarget.ESNext, true);
    if (!declarations.has(name)) declarations.set(name, getSourceFile.call(host, name, ...rest));
    return declarations.get(name);
  };
  host.fileExists = (name) => name === path || fileExists.call(host, name);
  host.readFile = (name) => (name === path ? source : readFile.call(host, name));
  const program = ts.createProgram([path], options, host);
  return ts.getPreEmitDiagnostics(program).filter(isLocated);
}

const isLocated = (one: ts.Diagnostic): one is ts.DiagnosticWithLocation => one.file !== undefined;
