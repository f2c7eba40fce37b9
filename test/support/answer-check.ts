/** Checks an answer against the API's document: its status, its headers and its body. */
import type { IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { buildDocument, SAME_ORIGIN } from '../../src/docs/openapi.ts';
import { operationOf } from '../../src/steps/resolve-route.ts';

export interface Answered {
  readonly url: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Reference {
  readonly $ref?: string;
}
interface HeaderObject extends Reference {
  readonly required?: boolean;
  readonly schema?: { readonly type?: string };
}
interface ResponseObject extends Reference {
  readonly headers?: Readonly<Record<string, HeaderObject>>;
  readonly content?: Readonly<Record<string, unknown>>;
}
interface OperationObject {
  readonly responses: Readonly<Record<string, ResponseObject>>;
}
type PathItem = Readonly<Record<string, OperationObject | undefined>>;

export interface DocumentUnderTest {
  readonly paths: Readonly<Record<string, PathItem>>;
}

/** What HTTP itself brings along: of the connection and of the body's bytes. */
const OF_HTTP: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'transfer-encoding',
]);

/** Checks answers against one document. Schemas are compiled when they are first needed. */
export function createAnswerCheck(document: DocumentUnderTest) {
  const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema({ ...document, $id: 'openapi.json' });
  const compiled = new Map<string, ValidateFunction>();
  const schemaAt = (pointer: string) => {
    const before = compiled.get(pointer);
    if (before !== undefined) return before;
    const made = ajv.compile({ $ref: `openapi.json#${pointer}` });
    compiled.set(pointer, made);
    return made;
  };
  /** Follows a `$ref`; gives the object with the pointer to it. */
  const follow = <T extends Reference>(value: T, pointer: string): readonly [T, string] => {
    if (value.$ref === undefined) return [value, pointer];
    const target = value.$ref.slice(1);
    const parts = target.split('/').slice(1).map(unescaped);
    const found = parts.reduce(
      (at, key) => (at as Record<string, unknown>)[key],
      document as unknown,
    );
    return [found as T, target];
  };

  function headerFaults(headers: IncomingHttpHeaders, response: ResponseObject, at: string) {
    const faults: string[] = [];
    const documented = new Map(
      Object.entries(response.headers ?? {}).map(([name, header]) => [
        name.toLowerCase(),
        follow(header, `${at}/headers/${escaped(name)}`),
      ]),
    );
    for (const [name, value] of Object.entries(headers)) {
      if (OF_HTTP.has(name)) continue;
      const [header, pointer] = documented.get(name) ?? [];
      if (header === undefined) {
        faults.push(`header ${name} is not documented`);
        continue;
      }
      const check = schemaAt(`${pointer}/schema`);
      const typed = header.schema?.type === 'integer' ? Number(value) : value;
      if (!check(typed))
        faults.push(`header ${name}: ${value as string}: ${ajv.errorsText(check.errors)}`);
    }
    for (const [name, [header]] of documented) {
      if (header.required === true && !(name in headers)) faults.push(`header ${name} is missing`);
    }
    return faults;
  }

  function bodyFaults({ headers, body, method }: Answered, response: ResponseObject, at: string) {
    if (response.content === undefined) return body.length === 0 ? [] : ['it has a body'];
    if (method === 'HEAD') return [];
    const type = (headers['content-type'] ?? '').split(';', 1)[0] ?? '';
    if (!(type in response.content)) return [`the type ${type} is not documented`];
    const text = decoded(body, headers['content-encoding'])
      .toString()
      .replace(/^\ufeff/, '');
    const check = schemaAt(`${at}/content/${escaped(type)}/schema`);
    return check(JSON.parse(text)) ? [] : [ajv.errorsText(check.errors), text.slice(0, 300)];
  }

  /** What is wrong with an answer; undefined if its path is not in the document. */
  return (answered: Answered): string[] | undefined => {
    const { method, status, headers, body } = answered;
    const path = documentedPath(answered.path);
    const item = path === undefined ? undefined : document.paths[path];
    if (path === undefined || item === undefined || method === 'OPTIONS') return undefined;
    // Refused by the listener: the document says so in words.
    if (headers['content-type'] === undefined && body.length === 0 && status >= 400)
      return undefined;
    const own = method === 'HEAD' ? 'get' : method.toLowerCase();
    // Another method than the path has is answered as its own operation says.
    const used = own in item ? own : Object.keys(item).find((key) => key !== 'servers');
    const operation = item[used ?? ''];
    const listed = operation?.responses[status];
    if (used === undefined || listed === undefined) return [`status ${status} is not documented`];
    const at = `/paths/${escaped(path)}/${used}/responses/${status}`;
    const [response, pointer] = follow(listed, at);
    return [
      ...headerFaults(headers, response, pointer),
      ...bodyFaults(answered, response, pointer),
    ];
  };
}

function escaped(key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function unescaped(key: string): string {
  return decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~');
}

function documentedPath(target: string): string | undefined {
  const operation = operationOf(target);
  if (operation !== undefined) return `/contacts/${operation}`;
  const path = target.split('?', 1)[0] ?? '';
  return /^\/accounts\/[^/]+$/.test(path) ? '/accounts/{appId}' : path;
}

function decoded(body: Buffer, encoding: string | undefined): Buffer {
  switch (encoding) {
    case 'br':
      return brotliDecompressSync(body);
    case 'gzip':
      return gunzipSync(body);
    case 'zstd':
      return zstdDecompressSync(body);
    default:
      return body;
  }
}

/**
 * Against the document of this gateway.
 *
 * @public loaded by `documented-answers.ts` through Node itself
 */
export const checkAnswer = createAnswerCheck(
  buildDocument(SAME_ORIGIN) as unknown as DocumentUnderTest,
);
