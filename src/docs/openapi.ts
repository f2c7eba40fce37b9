/** The API's document. Only loaded when somebody asks for it: zod-openapi costs memory and start time. */
import {
  createDocument,
  type oas31,
  type ZodOpenApiMediaTypeObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import { z } from 'zod';
import { endSessionsRequest, sessionRequest } from '../auth/session-request.ts';
import type { RefusalCode } from '../errors.ts';
import { accessOf, answersAddressBook } from '../gewe/operations.ts';
import { VERSION } from '../version.ts';
import {
  answerWithoutList,
  appId,
  CONTACTS,
  geweError,
  successAnswer,
  type ContactsOperation,
} from './contacts.ts';
import {
  REQUEST_HEADERS,
  requestHeaders,
  RESPONSE_HEADERS,
  responseHeaders,
  type CallHeaderName,
  type RequestHeaderName,
} from './headers.ts';
import * as own from './own-operations.ts';
import { CODES, createRefusalResponses, refusal, refusalExamples, refusalsOf } from './refusals.ts';

export type Document = oas31.OpenAPIObject;

/** The document is the same on both listeners, but for the address of the API. */
export type Servers = readonly oas31.ServerObject[];

/** For the client listener: the address that the document came from. */
export const SAME_ORIGIN: Servers = [
  { url: '/', description: 'This gateway' },
  { url: '/v2/api', description: "With the path of GEWE's self-hosted API" },
  { url: '/gewe/v2/api', description: "With the path of GEWE's paid service" },
];

/** For the ops listener, which does not know under which name clients reach the other one. */
export const ANOTHER_ORIGIN: Servers = SAME_ORIGIN.map(({ url, description = '' }) => ({
  url: `http://{gateway}${url === '/' ? '' : url}`,
  description,
  variables: { gateway: { default: 'GATEWAY:8080', description: 'Where clients call.' } },
}));

const DESCRIPTION = `A gateway in front of the contacts API of GEWE. It takes the same calls and bodies as GEWE, and holds GEWE's token for you.

Show your key in one of three headers. If there are several, the first of this order counts: \`Authorization: Bearer KEY\`, \`X-API-Key: KEY\`, \`X-GEWE-TOKEN: KEY\`. A session token, or a token of an identity provider that the gateway trusts, goes where a key goes.

Every \`/contacts\` path also works under \`/v2/api\` and \`/gewe/v2/api\`. Operations that are not listed here pass too, if your client may call them.

A body is a JSON object in UTF-8 with \`Content-Type: application/json\`. It reaches GEWE byte for byte, and GEWE's response comes back byte for byte, with the token cut out. The verdict of GEWE is \`ret\`: 200 is success.

A refusal is the gateway's own answer. Decide by its \`code\`. It has its own HTTP status and is \`application/problem+json\`, unless you send your key in \`X-GEWE-TOKEN\`: then it looks like an error of GEWE, with HTTP status 200 and \`application/json\`, except for statuses of 500 and above and for the two contact lists.

What cannot be read as one clear HTTP request gets 400, 408, 413, 417 or 431 with an empty body.`;

const TAGS = [
  { name: 'Contact lists', description: 'Slow at GEWE, never slow here.' },
  { name: 'Friends', description: 'Counted and limited, so that accounts are not restricted.' },
  { name: 'People', description: 'Look people up.' },
  { name: 'Phone numbers', description: 'The address book of the phone.' },
  { name: 'Gateway', description: 'Sessions for front ends, and the state of an account.' },
  { name: 'Health', description: 'For balancers. No key is needed.' },
];

const SECURITY_SCHEMES: Record<string, oas31.SecuritySchemeObject> = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'A key, or a session token. Refusals have their own HTTP status.',
  },
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'A key. Refusals have their own HTTP status.',
  },
  geweToken: {
    type: 'apiKey',
    in: 'header',
    name: 'X-GEWE-TOKEN',
    description:
      "A key, where clients of GEWE put their token. Refusals look like GEWE's errors, with HTTP status 200.",
  },
};

/** Builds the document. */
export function buildDocument(servers: Servers): Document {
  const asOperation = createOperations();
  const paths = { ...contactsPaths(asOperation), ...ownPaths(asOperation), ...healthPaths() };
  const document = createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'gewe-gateway',
        version: VERSION,
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [...servers],
      tags: TAGS,
      security: Object.keys(SECURITY_SCHEMES).map((name) => ({ [name]: [] })),
      paths: withOwnServers(paths, servers),
      components: {
        securitySchemes: SECURITY_SCHEMES,
        parameters: REQUEST_HEADERS,
        headers: { ...RESPONSE_HEADERS },
        examples: refusalExamples(),
      },
    },
    { override: ({ jsonSchema }) => dropSafeBounds(jsonSchema) },
  );
  // Its type is the one of 3.2, which also has `querystring`.
  return document as Document;
}

/** Zod says of each integer that it is within 2^53, which says nothing. */
function dropSafeBounds(schema: { minimum?: unknown; maximum?: unknown }): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}

/** Only /contacts has the other prefixes. */
function withOwnServers(paths: ZodOpenApiPathsObject, servers: Servers): ZodOpenApiPathsObject {
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => [
      path,
      path.startsWith('/contacts/') ? item : { servers: servers.slice(0, 1), ...item },
    ]),
  );
}

interface OperationParts {
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly target: string;
  readonly parameters?: readonly RequestHeaderName[];
  readonly pathParameters?: z.ZodObject;
  readonly body?: { readonly schema: z.ZodType; readonly example: unknown };
  readonly successStatus: 200 | 201 | 204;
  readonly success: Omit<ZodOpenApiResponseObject, 'headers'>;
  readonly successHeaders: readonly CallHeaderName[];
  /** Of refusals with a status of 500 and above, beside those of all. */
  readonly failureHeaders?: readonly CallHeaderName[];
  readonly refusals: readonly RefusalCode[];
  /** Names what its refusals do not share with other operations. */
  readonly label: string;
}

type AsOperation = (parts: OperationParts) => ZodOpenApiOperationObject;

/** Makes operations that share what their refusals have in common. */
function createOperations(): AsOperation {
  const refusalResponse = createRefusalResponses();
  return (parts) => {
    const { id, target, successStatus, failureHeaders = [], label, body } = parts;
    const responses: Record<string, ZodOpenApiResponseObject> = {
      [successStatus]: { ...parts.success, headers: responseHeaders(parts.successHeaders) },
    };
    for (const [status, types] of refusalsOf(parts.refusals, target)) {
      // GEWE's format of a refusal is one more thing that can come under the status of a success.
      responses[status] =
        status === 200
          ? withExamples(responses[status], types.get('application/json')?.examples, parts)
          : refusalResponse(
              status,
              types,
              status < 500 ? RATES : [...RATES, ...failureHeaders],
              label,
            );
    }
    return {
      operationId: id,
      tags: [parts.tag],
      summary: parts.summary,
      description: parts.description,
      parameters: requestHeaders([...(parts.parameters ?? []), 'requestId', 'traceparent']),
      ...(parts.pathParameters && { requestParams: { path: parts.pathParameters } }),
      ...(body && {
        requestBody: {
          required: true,
          content: { 'application/json': { schema: body.schema, example: body.example } },
        },
      }),
      responses,
    };
  };
}

function withExamples(
  response: ZodOpenApiResponseObject | undefined,
  examples: NonNullable<ZodOpenApiMediaTypeObject['examples']> = {},
  { successHeaders }: OperationParts,
): ZodOpenApiResponseObject {
  const json: ZodOpenApiMediaTypeObject = response?.content?.['application/json'] ?? {
    schema: refusal,
  };
  return {
    description: response?.description ?? "A refusal in GEWE's format",
    headers: responseHeaders([
      ...new Set<CallHeaderName>([...successHeaders, 'Retry-After', 'WWW-Authenticate', 'Allow']),
    ]),
    content: { 'application/json': { ...json, examples: { ...json.examples, ...examples } } },
  };
}

/** Codes that are not in the table of refusals yet are left out. */
function known(...codes: string[]): RefusalCode[] {
  return CODES.filter((code) => codes.includes(code));
}

const OF_THE_BODY = [
  'invalid-json',
  'duplicate-key',
  'invalid-body',
  'body-too-large',
  'unsupported-media-type',
];
const OF_THE_CALLER = [
  'unauthenticated',
  'app-not-allowed',
  'operation-not-allowed',
  'origin-not-allowed',
  'client-rate-limited',
  'issuer-unavailable',
  // A session that this gateway has not seen before is checked with the store.
  'store-unavailable',
];
const OF_THE_GATEWAY = ['not-found', 'method-not-allowed', 'internal', 'shutting-down'];
const OF_THE_UPSTREAM = [
  'upstream-unreachable',
  'upstream-invalid',
  'upstream-token-rejected',
  'upstream-timeout',
];
const OF_ADDING = [
  'invalid-option',
  'invalid-target',
  'account-too-young',
  'add-quota-exhausted',
  'add-too-soon',
  'target-quota-exhausted',
  'accept-quota-exhausted',
  'idempotency-in-progress',
  'idempotency-mismatch',
  'store-unavailable',
];

const RATES = ['RateLimit', 'RateLimit-Policy'] as const;
const OF_LISTS = ['Age', 'Cache-Status', 'X-Gateway-Source', 'Preference-Applied'] as const;

interface Special {
  readonly tag: string;
  readonly label?: string;
  readonly parameters?: readonly RequestHeaderName[];
  readonly successHeaders?: readonly CallHeaderName[];
  readonly failureHeaders?: readonly CallHeaderName[];
  readonly refusals?: readonly string[];
}

/** What an operation has beside what all contacts operations have. */
const SPECIAL: Readonly<Record<string, Special>> = {
  fetchContactsList: {
    tag: 'Contact lists',
    label: 'List',
    parameters: ['prefer', 'cacheControl'],
    successHeaders: [...OF_LISTS, 'Retry-After'],
    failureHeaders: ['Preference-Applied'],
    refusals: ['list-not-saved'],
  },
  fetchContactsListCache: { tag: 'Contact lists', label: 'ListCache' },
  addContacts: {
    tag: 'Friends',
    label: 'Add',
    parameters: ['idempotencyKey'],
    successHeaders: ['Idempotency-Replayed'],
    failureHeaders: ['Idempotency-Replayed'],
    refusals: OF_ADDING,
  },
  deleteFriend: { tag: 'Friends' },
  setFriendPermissions: { tag: 'Friends' },
  setFriendRemark: { tag: 'Friends' },
  getPhoneAddressList: { tag: 'Phone numbers' },
  uploadPhoneAddressList: { tag: 'Phone numbers' },
};

function contactsPaths(asOperation: AsOperation): ZodOpenApiPathsObject {
  const all = Object.entries(CONTACTS);
  // Made first, the plain ones give the plain names to the responses that all have.
  const isSpecial = ([name]: readonly [string, unknown]) =>
    Number(SPECIAL[name]?.label !== undefined);
  const plainFirst = all.toSorted((one, other) => isSpecial(one) - isSpecial(other));
  const made = new Map(
    plainFirst.map(([name, operation]) => [
      name,
      { post: asOperation(contactsOperation(name, operation)) },
    ]),
  );
  return Object.fromEntries(all.map(([name]) => [`/contacts/${name}`, made.get(name) ?? {}]));
}

function contactsOperation(name: string, operation: ContactsOperation): OperationParts {
  const { chinese, summary, description, request, example } = operation;
  const special: Special = SPECIAL[name] ?? { tag: 'People' };
  return {
    id: name,
    tag: special.tag,
    label: special.label ?? '',
    summary: `${summary} (${chinese})`,
    description: `${description}\n\nIn the clients file: \`${accessOf(name)}\`, or \`${name}\`.`,
    target: name,
    parameters: special.parameters ?? [],
    body: { schema: request, example },
    successStatus: 200,
    success: contactsAnswer(name, operation),
    successHeaders: [...RATES, ...(special.successHeaders ?? [])],
    failureHeaders: special.failureHeaders ?? [],
    refusals: known(
      ...OF_THE_BODY,
      'invalid-app-id',
      ...OF_THE_CALLER,
      ...OF_THE_GATEWAY,
      ...OF_THE_UPSTREAM,
      ...(special.refusals ?? []),
    ),
  };
}

/** The responses of GEWE to an operation, and the refusals that take GEWE's format. */
function contactsAnswer(name: string, operation: ContactsOperation): OperationParts['success'] {
  const isList = answersAddressBook(name);
  const answers = [
    successAnswer(operation),
    ...(isList ? [answerWithoutList] : []),
    geweError,
    ...(isList ? [] : [refusal]),
  ] as const;
  const { dataExample: data } = operation;
  const example = { ret: 200, msg: '操作成功', ...(data !== undefined && { data }) };
  return {
    description: isList
      ? name === 'fetchContactsList'
        ? "GEWE's answer, or the saved list"
        : "GEWE's answer"
      : "GEWE's answer, or a refusal in GEWE's format",
    content: {
      'application/json': {
        schema: z.union(answers),
        examples: {
          success: { summary: 'Success', value: example },
          'gewe-error': {
            summary: 'An error of GEWE',
            value: { ret: 500, msg: '微信已离线', data: { code: '-1', msg: '微信已离线' } },
          },
        },
      },
    },
  };
}

function ownPaths(asOperation: AsOperation): ZodOpenApiPathsObject {
  return {
    '/sessions': { post: asOperation(startSession()), delete: asOperation(endSessions()) },
    '/accounts/{appId}': { get: asOperation(accountState()) },
  };
}

const OF_SESSIONS = known(...OF_THE_BODY, ...OF_THE_CALLER, ...OF_THE_GATEWAY);

function startSession(): OperationParts {
  return {
    id: 'startSession',
    tag: 'Gateway',
    summary: 'Start a session for a front end (创建会话)',
    description:
      'A key in a web page is a key in public. Let your server ask for a short-lived token that may do little, and give that to the page. A session may do what it says and what its client may do at that moment; it ends with its client and with the key that made it.\n\nOnly for clients with `sessions` in the clients file, with their key, and not from a browser: a request with an `Origin` is refused. Asking for more than the client has is refused, too.',
    target: '/sessions',
    body: { schema: sessionRequest, example: own.sessionRequestExample },
    successStatus: 201,
    success: {
      description: 'The session',
      content: { 'application/json': { schema: own.session, example: own.sessionExample } },
    },
    successHeaders: RATES,
    label: 'Session',
    refusals: OF_SESSIONS,
  };
}

function endSessions(): OperationParts {
  return {
    id: 'endSessions',
    tag: 'Gateway',
    summary: 'End sessions (结束会话)',
    description:
      'Ends all sessions of the client, or those of one subject, that were started before now: at every gateway within a second.',
    target: '/sessions',
    body: { schema: endSessionsRequest, example: { subject: 'alice' } },
    successStatus: 204,
    success: { description: 'They have ended' },
    successHeaders: RATES,
    label: 'Session',
    refusals: OF_SESSIONS,
  };
}

function accountState(): OperationParts {
  return {
    id: 'getAccount',
    tag: 'Gateway',
    summary: 'The state of an account (查询账号状态)',
    description:
      'Since when the account is online, what is left of its quotas, when it can add the next person, and how old its saved list is. For clients that may `read` the account. Nothing is asked of GEWE.',
    target: '/accounts/{appId}',
    pathParameters: z.object({ appId }),
    successStatus: 200,
    success: {
      description: "The account, or a refusal in GEWE's format",
      content: {
        'application/json': {
          schema: z.union([own.account, refusal]),
          examples: { success: { summary: 'Success', value: own.accountExample } },
        },
      },
    },
    successHeaders: RATES,
    label: 'Account',
    refusals: known(...OF_THE_CALLER, ...OF_THE_GATEWAY, 'invalid-app-id'),
  };
}

/** For balancers: no key, and no refusal. */
function healthPaths(): ZodOpenApiPathsObject {
  const probe = (
    id: string,
    summary: string,
    responses: ZodOpenApiOperationObject['responses'],
  ) => ({
    get: { operationId: id, tags: ['Health'], summary, security: [], responses },
  });
  const response = (description: string, schema: z.ZodType, example: unknown) => ({
    description,
    headers: responseHeaders([]),
    content: { 'application/json': { schema, example } },
  });
  return {
    '/healthz': probe('healthz', 'Is the process alive? (存活检查)', {
      200: response('It is', own.health, { status: 'ok' }),
    }),
    '/readyz': probe('readyz', 'Should requests be sent here? (就绪检查)', {
      200: response('Yes', own.readiness, { status: 'ready', notReady: [], breaker: 'closed' }),
      503: response('No', own.readiness, {
        status: 'not-ready',
        notReady: ['store'],
        breaker: 'closed',
      }),
    }),
  };
}
