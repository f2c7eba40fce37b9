/** All measurements, or those named: `npm run bench -- one-call`. Each checks that the work was right first. */
import { bufferOrJson } from './buffer-or-json.ts';
import { hangingUpstream } from './hanging-upstream.ts';
import { oneCall } from './one-call.ts';

const benches = new Map([
  ['hanging-upstream', hangingUpstream],
  ['one-call', oneCall],
  ['buffer-or-json', bufferOrJson],
]);

const named = process.argv.slice(2);
const unknown = named.filter((name) => !benches.has(name));
if (unknown.length > 0) {
  console.error(
    `There is no bench ${unknown.join(', ')}; there is ${[...benches.keys()].join(', ')}.`,
  );
  process.exit(64);
}
for (const [name, bench] of benches) {
  if (named.length === 0 || named.includes(name)) await bench();
}
