#!/usr/bin/env node
import './require-node.cjs';

// Only now: what it imports cannot even be loaded by a Node that is too old.
const { runCommandLine } = await import('./cli/command-line.ts');
await runCommandLine();
