import { describe, expect, test } from '@jest/globals';
import {
  ANOTHER_ORIGIN,
  buildDocument,
  SAME_ORIGIN,
  type Document,
} from '../../../src/docs/openapi.ts';
import { refusalExamples } from '../../../src/docs/refusals.ts';
import { CODES } from '../../../src/docs/refusals.ts';
import { Refusal } from '../../../src/errors.ts';
import { KNOWN_OPERATIONS } from '../../../src/gewe/operations.ts';
import { renderRefusal } from '../../../src/http/problem-details.ts';

interface Body {
  readonly schema: {
    readonly required?: readonly string[];
    readonly additionalProperties?: unknown;
    readonly properties: Readonly<Record<string, unknown>>;
  };
  readonly examples?: Readonly<Record<string, unknown>>;
}
interface Response {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, Body>>;
}
interface Operation {
  readonly security?: unknown;
  readonly responses: Readonly<Record<string, Response>>;
  readonly requestBody: { readonly content: Readonly<Record<string, Body>> };
}
interface Read extends Omit<Document, 'paths' | 'components'> {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, Response>> };
}

const document = buildDocument(SAME_ORIGIN) as unknown as Read;

function operation(path: string, method = 'post'): Operation {
  const found = document.paths[path]?.[method];
  if (found === undefined) throw new Error(`The document has no ${method} ${path}`);
  return found;
}

/** Where each code is documented: `path method status media-type`. */
function placesOf(code: string): string[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    ['get', 'post', 'delete'].flatMap((method) =>
      Object.entries(item[method]?.responses ?? {}).flatMap(([status, response]) => {
        const name = response.$ref?.replace('#/components/responses/', '');
        const target = name === undefined ? response : document.components.responses[name];
        return Object.entries(target?.content ?? {})
          .filter(([, { examples = {} }]) => code in examples)
          .map(([type]) => `${path} ${method} ${status} ${type}`);
      }),
    ),
  );
}

describe('the document of the API', () => {
  test('has every operation that the gateway knows, and its own', () => {
    expect(Object.keys(document.paths).sort()).toEqual(
      [
        ...KNOWN_OPERATIONS.map((name) => `/contacts/${name}`),
        '/sessions',
        '/accounts/{appId}',
        '/healthz',
        '/readyz',
      ].sort(),
    );
  });

  test('has an operation that is called with POST under all three prefixes, and its own under none', () => {
    expect(document.servers?.map(({ url }) => url)).toEqual(['/', '/v2/api', '/gewe/v2/api']);
    expect(document.paths['/contacts/search']?.['servers']).toBeUndefined();
    expect(document.paths['/sessions']?.['servers']).toEqual([SAME_ORIGIN[0]]);
  });

  test('names another origin on the ops listener', () => {
    const { servers = [] } = buildDocument(ANOTHER_ORIGIN);
    expect(servers[1]).toMatchObject({
      url: 'http://{gateway}/v2/api',
      variables: { gateway: { default: 'GATEWAY:8080' } },
    });
  });

  test.each(CODES)('shows the refusal %s somewhere, in both formats', (code) => {
    const types = new Set(placesOf(code).map((place) => place.split(' ').at(-1)));
    expect([...types].sort()).toEqual(['application/json', 'application/problem+json']);
  });

  test("gives a refusal of addContacts 200 in GEWE's format, but not one of a contact list or of 500 and above", () => {
    const ofSearch = placesOf('unauthenticated');
    expect(ofSearch).toContain('/contacts/addContacts post 401 application/problem+json');
    expect(ofSearch).toContain('/contacts/addContacts post 200 application/json');
    expect(ofSearch).toContain('/contacts/fetchContactsList post 401 application/json');
    expect(ofSearch).not.toContain('/contacts/fetchContactsList post 200 application/json');
    expect(placesOf('upstream-timeout')).toContain('/contacts/search post 504 application/json');
  });

  test.each(CODES)('shows the refusal %s as the gateway renders it', (code) => {
    const { value } = refusalExamples()[code] as {
      value: Record<'detail' | 'requestId' | 'msg', string>;
    };
    const { detail, requestId, msg, ...rest } = value;
    const { body } = renderRefusal(new Refusal(code, detail, { msg }), 'http', '', requestId);
    expect({ detail, requestId, msg, ...rest }).toMatchObject(
      JSON.parse(body.toString()) as object,
    );
  });

  test('requires of a request only what GEWE requires, and nothing of a session', () => {
    const bodyOf = (path: string) =>
      operation(path).requestBody.content['application/json']?.schema;
    expect(bodyOf('/contacts/getPhoneAddressList')?.required).toEqual(['appId']);
    expect(bodyOf('/contacts/getDetailInfo')?.properties['wxids']).toMatchObject({
      minItems: 1,
      maxItems: 20,
    });
    expect(bodyOf('/sessions')?.required).toBeUndefined();
    expect(bodyOf('/sessions')?.additionalProperties).toBe(false);
  });

  test('needs no key for the health of the gateway', () => {
    expect(operation('/healthz', 'get').security).toEqual([]);
    expect(operation('/contacts/search').security).toBeUndefined();
    expect(document.security).toHaveLength(3);
  });
});
