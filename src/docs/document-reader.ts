/** Reads what a page needs out of the API's document. */
import type { oas31 } from 'zod-openapi';
import type { Words } from './words.ts';

export type Schema = oas31.SchemaObject;
type Reference = oas31.ReferenceObject;

/** A field of a body, as a row of a table. */
export interface Field {
  /** With its path in the body: `data.friends`, `quotas[].name`. */
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly limits: readonly Limit[];
  readonly description: string;
}

/** What a value may be. Values and patterns are code, all else is prose. */
export type Limit = string | { readonly words: string; readonly codes: readonly string[] };

export interface DocumentReader {
  /** Follows a `$ref` into the components. */
  resolve<T extends object>(value: T | Reference): T;
  /** The rows of an object's fields, down to what is nested in them. */
  fields(schema: Schema | Reference): Field[];
  limits(schema: Schema | Reference): Limit[];
}

export function readerOf(document: oas31.OpenAPIObject, words: Words): DocumentReader {
  function resolve<T extends object>(value: T | Reference): T {
    if (!('$ref' in value) || typeof value.$ref !== 'string') return value as T;
    const [, kind = '', name = ''] = /^#\/components\/([a-zA-Z]+)\/(.+)$/.exec(value.$ref) ?? [];
    const components = document.components as Record<string, Record<string, T>> | undefined;
    const target = components?.[kind]?.[name];
    if (target === undefined) throw new Error(`The document has no ${value.$ref}`);
    return target;
  }

  function type(of: Schema | Reference): string {
    const schema = resolve(of);
    const branches = schema.anyOf ?? schema.oneOf;
    if (branches !== undefined) return [...new Set(branches.map(type))].join(words.or);
    if (schema.type === 'array') {
      return `${words.arrayOf}${schema.items === undefined ? '' : type(schema.items)}`;
    }
    if (Array.isArray(schema.type)) return schema.type.join(words.or);
    if (typeof schema.type === 'string') return schema.type;
    const values: readonly unknown[] = schema.enum ?? ('const' in schema ? [schema.const] : []);
    return [...new Set(values.map(typeOfValue))].join(words.or);
  }

  function limits(of: Schema | Reference): Limit[] {
    const schema = resolve(of);
    const branches = schema.anyOf ?? schema.oneOf ?? [];
    const own = ownLimits(schema, words);
    const nested = schema.type === 'array' && schema.items ? limits(schema.items) : [];
    return [...own, ...branches.flatMap(limits), ...nested];
  }

  function fields(of: Schema | Reference, prefix = ''): Field[] {
    const schema = resolve(of);
    const required = new Set(schema.required);
    return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
      const name = `${prefix}${key}`;
      const child = resolve(value);
      const row: Field = {
        name,
        type: type(value),
        isRequired: required.has(key),
        limits: limits(value),
        description: child.description ?? '',
      };
      return [row, ...fieldsWithin(value, name)];
    });
  }

  /** Through arrays, and through the object of an object that may be null. */
  function fieldsWithin(of: Schema | Reference, name: string): Field[] {
    const schema = resolve(of);
    if (schema.type === 'array') {
      return schema.items === undefined ? [] : fieldsWithin(schema.items, `${name}[]`);
    }
    const object = (schema.anyOf ?? [schema]).find((one) => resolve(one).properties !== undefined);
    return object === undefined ? [] : fields(object, `${name}.`);
  }

  return { resolve, fields: (schema) => fields(schema), limits };
}

function typeOfValue(value: unknown): string {
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function ownLimits(schema: Schema, words: Words): Limit[] {
  const limits: Limit[] = [];
  const ranges = [
    [schema.minLength, schema.maxLength, words.characters],
    [schema.minItems, schema.maxItems, words.items],
    [schema.minimum, schema.maximum, (range: string) => range],
  ] as const;
  for (const [low, high, say] of ranges) {
    const range = rangeText(low, high, words);
    if (range !== undefined) limits.push(say(range));
  }
  if (schema.enum !== undefined) {
    limits.push({ words: words.oneOf, codes: schema.enum.map((one) => JSON.stringify(one)) });
  }
  if ('const' in schema) {
    limits.push({ words: words.oneOf, codes: [JSON.stringify(schema.const)] });
  }
  if (schema.format !== undefined) limits.push({ words: '', codes: [schema.format] });
  // The pattern of a format says the same, at length.
  else if (schema.pattern !== undefined) {
    limits.push({ words: words.matches, codes: [schema.pattern] });
  }
  return limits;
}

function rangeText(
  low: number | undefined,
  high: number | undefined,
  words: Words,
): string | undefined {
  if (low !== undefined && high !== undefined) return words.between(low, high);
  if (low !== undefined) return words.atLeast(low);
  return high === undefined ? undefined : words.atMost(high);
}
