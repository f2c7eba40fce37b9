'use strict';
// Has Node keep the code that it compiles, so that later starts take less time: Node.js documentation, "Module compile cache".
// It is kept in `gewe-gateway-UID` in the system's folder for temporary files. Nothing happens if that cannot be written
// to, if another user could put code there, or if NODE_COMPILE_CACHE already names another folder. This is CommonJS
// because it must run before the first TypeScript is loaded.
const { existsSync, lstatSync, mkdirSync, statSync } = require('node:fs');
const { enableCompileCache, getCompileCacheDir } = require('node:module');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

if (getCompileCacheDir() === undefined) {
  try {
    const folder = ownFolder();
    if (folder !== undefined) enableCompileCache(folder);
  } catch {
    // A read-only disk, for example.
  }
}

/** The folder, made if it does not exist. Undefined if it is not safe. */
function ownFolder() {
  const uid = process.getuid?.();
  const folder = join(tmpdir(), uid === undefined ? 'gewe-gateway' : `gewe-gateway-${uid}`);
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  // On Windows every user has their own folder for temporary files.
  return uid === undefined || isSafe(uid, statSync(tmpdir()), lstatSync(folder))
    ? folder
    : undefined;
}

/**
 * Whether only this user or root can write to `folder`, or put another in its place. Node trusts the code that it finds
 * there: it compares only checksums.
 */
function isSafe(uid, parent, folder) {
  const isParentOurs = parent.uid === uid || parent.uid === 0;
  const keepsNames = (parent.mode & WRITABLE_BY_OTHERS) === 0 || (parent.mode & STICKY) !== 0;
  const isOurs = folder.isDirectory() && folder.uid === uid;
  return isParentOurs && keepsNames && isOurs && (folder.mode & WRITABLE_BY_OTHERS) === 0;
}
