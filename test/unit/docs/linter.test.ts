/** The API's document passes a public linter, so that other people's tools can read it. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  ANOTHER_ORIGIN,
  buildDocument,
  SAME_ORIGIN,
  type Servers,
} from '../../../src/docs/openapi.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** What it says that we know better. */
const EXCEPTIONS = [
  // Probes have no key, no body and no parameter, so there is nothing that a caller could do wrong.
  'operation-4xx-response #/paths/~1healthz/get/responses',
  'operation-4xx-response #/paths/~1readyz/get/responses',
];

const cli = join(
  createRequire(import.meta.url).resolve('@redocly/cli/package.json'),
  '../bin/cli.js',
);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder.path, 'redocly.yaml'), 'extends: [recommended]\n');
});
afterAll(() => folder.remove());

interface Report {
  readonly problems: readonly {
    readonly ruleId: string;
    readonly location: readonly { readonly pointer?: string }[];
  }[];
}

/** Runs the linter; it exits with 1 if there are errors. */
async function lint(document: unknown): Promise<string[]> {
  const file = join(folder.path, 'openapi.json');
  await writeFile(file, JSON.stringify(document));
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const args = [cli, 'lint', file, '--format=json', '--config', join(folder.path, 'redocly.yaml')];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env,
    cwd: folder.path,
    maxBuffer: 2 ** 26,
  }).catch((failed: { stdout: string }) => failed);
  const { problems } = JSON.parse(stdout) as Report;
  return problems.map(({ ruleId, location }) => `${ruleId} ${location[0]?.pointer}`);
}

test.each<[string, Servers]>([
  ['client', SAME_ORIGIN],
  ['ops', ANOTHER_ORIGIN],
])(
  'the document on the %s listener passes Redocly, but for two rules about probes',
  async (_name, servers) => {
    expect((await lint(buildDocument(servers))).sort()).toEqual(EXCEPTIONS);
  },
);

test('Redocly finds an example that is not as its schema says', async () => {
  const text = JSON.stringify(buildDocument(SAME_ORIGIN));
  const example = '"example":{"appId":"wx_sales_1","contactsInfo":';
  expect(text).toContain(example);
  const document: unknown = JSON.parse(text.replace(example, example.replace('wx_', 'wx ')));
  expect(await lint(document)).toContain(
    'no-invalid-media-type-examples #/paths/~1contacts~1search/post/requestBody/content/application~1json/example/appId',
  );
});
