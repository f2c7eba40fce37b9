/**
 * All measurements, or those named: `npm run bench -- one-call`. Each checks that the work was right first. A number is
 * how much of something: `npm run bench -- memory 500`.
 */
import { bufferOrJson } from './buffer-or-json.ts';
import { hangingUpstream } from './hanging-upstream.ts';
import { memory } from './memory.ts';
import { oneCall } from './one-call.ts';

const benches = new Map<string, (count?: number) => Promise<void>>([
  ['hanging-upstream', hangingUpstream],
  ['one-call', oneCall],
  ['buffer-or-json', bufferOrJson],
  ['memory', memory],
]);

const args = process.argv.slice(2);
const count = args.map(Number).find((one) => one > 0);
const named = args.filter((one) => !(Number(one) > 0));
const unknown = named.filter((name) => !benches.has(name));
if (unknown.length > 0) {
  console.error(
    `There is no bench ${unknown.join(', ')}; there is ${[...benches.keys()].join(', ')}.`,
  );
  process.exit(64);
}
for (const [name, bench] of benches) {
  if (named.length === 0 || named.includes(name)) await bench(count);
}
