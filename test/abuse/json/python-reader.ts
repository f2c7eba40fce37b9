import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Reading } from './json-readers.ts';

export const hasPython = spawnSync('python3', ['--version']).status === 0;

/** For each line of base64, one line of JSON: the relevant values as Python's `json` reads them, or null. */
const PROGRAM = `
import base64, json, sys
for line in sys.stdin:
    try:
        body = json.loads(base64.b64decode(line))
        reading = {name: body[name] for name in ('appId', 'option', 'v3') if name in body}
        text = json.dumps(reading, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        text = 'null'
    print(text, flush=True)
`;

export interface PythonReader {
  /** Undefined if Python cannot parse the bytes. One request at a time. */
  read(bytes: Buffer): Promise<Reading | undefined>;
  stop(): Promise<void>;
}

/** Python's JSON parser, in one process for all requests. */
export function startPythonReader(): PythonReader {
  const child = spawn('python3', ['-c', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async read(bytes) {
      child.stdin.write(`${bytes.toString('base64')}\n`);
      const answer = await answers.next();
      if (answer.done === true) throw new Error('Python has ended');
      return (JSON.parse(answer.value) as Reading | null) ?? undefined;
    },
    async stop() {
      const closed = once(child, 'close');
      child.stdin.end();
      await closed;
    },
  };
}
