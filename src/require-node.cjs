'use strict';
// Ends the process with one line where this Node cannot run the gateway, before it fails over syntax or a module that
// it does not know. So this is CommonJS without imports, in words that a Node of many years ago reads too; package.json
// has it loaded before the TypeScript. The compiler copies it to dist/.
const { readFileSync, writeSync } = require('fs');

const { engines } = JSON.parse(readFileSync(`${__dirname}/../package.json`, 'utf8'));
const needed = engines.node.replace('>=', '');
const [major, minor] = needed.split('.').map(Number);
const here = process.versions.node;
const [majorHere, minorHere] = here.split('.').map(Number);

if (majorHere < major || (majorHere === major && minorHere < minor)) {
  writeSync(2, `gewe-gateway needs Node ${needed} or later, and this is Node ${here}.\n`);
  process.exit(1);
}
