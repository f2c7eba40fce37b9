'use strict';
// Ends the process with one line if this Node is too old for the gateway, before it fails over syntax or a module that it
// does not know. So this is CommonJS that a Node of many years ago can read too. package.json has it loaded before the
// TypeScript. The compiler copies it to dist/.
const { existsSync, readFileSync, writeSync } = require('fs');

const { engines } = JSON.parse(readFileSync(`${__dirname}/../package.json`, 'utf8'));
const needed = engines.node.replace('>=', '');
const [major, minor] = needed.split('.').map(Number);
const current = process.versions.node;
const [currentMajor, currentMinor] = current.split('.').map(Number);

if (currentMajor < major || (currentMajor === major && currentMinor < minor)) {
  writeSync(2, `gewe-gateway needs Node ${needed} or later, and this is Node ${current}.\n`);
  process.exit(1);
}

// Worth it only for TypeScript: docs/decisions/0017-compiled-code-between-starts.md
if (existsSync(`${__dirname}/main.ts`)) require('./compile-cache.cjs');
