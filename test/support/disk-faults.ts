import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real fault that makes a disk refuse writes. `folder` contains nothing but the store. */
interface DiskFault {
  readonly name: string;
  /** Whether the fault is possible on this machine: most need root, and a system call or file system that supports them. */
  readonly isPossible: boolean;
  /** Before the store is opened. */
  prepare(folder: string): void;
  strike(folder: string, pid: number): void;
  mend(folder: string, pid: number): void;
  /** After the store was closed, whether or not the fault still lasts. */
  dispose(folder: string): void;
}

const works = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
const run = (program: string, ...args: string[]) => void execFileSync(program, args);
const isRoot = process.getuid?.() === 0;
const nothing = () => undefined;

/** A separate file system in memory, of this size. Needs root and the system call. */
export const ownDisk = {
  isPossible: isRoot && works('unshare', '--mount', 'mount', '-t', 'tmpfs', 'none', tmpdir()),
  mount: (folder: string, size: string) =>
    run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'none', folder),
  remount: (folder: string, mode: 'ro' | 'rw') => run('mount', '-o', `remount,${mode}`, folder),
  unmount: (folder: string) => run('umount', folder),
  /** Fills it to the last byte. */
  fill(folder: string) {
    const filler = openSync(join(folder, 'filler'), 'w');
    try {
      for (;;) writeSync(filler, Buffer.alloc(4096));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(filler);
    }
  },
  free: (folder: string) => rmSync(join(folder, 'filler')),
};

const full: DiskFault = {
  name: 'is full',
  isPossible: ownDisk.isPossible,
  prepare: (folder) => ownDisk.mount(folder, '4m'),
  strike: ownDisk.fill,
  mend: ownDisk.free,
  dispose: ownDisk.unmount,
};

/** The kernel's limit on file sizes, EFBIG: the closest to a failing disk that is possible without root. */
const noFileMayBeWritten: DiskFault = {
  name: 'refuses every write',
  isPossible: works('prlimit', '--version'),
  prepare: nothing,
  strike: (_folder, pid) => run('prlimit', '--pid', String(pid), '--fsize=0:'),
  mend: (_folder, pid) => run('prlimit', '--pid', String(pid), '--fsize=unlimited:'),
  dispose: nothing,
};

/**
 * A disk cannot be remounted read-only while a file on it is open for writing. A file system that becomes read-only
 * after an error refuses writes to open files; some, such as ext4, do so for an immutable file, too.
 */
const readOnly: DiskFault = {
  name: 'turned read-only under open files',
  isPossible: isRoot && isImmutableForOpenFiles(),
  prepare: nothing,
  strike: (folder) => run('chattr', '+i', join(folder, 'gateway.db-wal')),
  mend: (folder) => run('chattr', '-i', join(folder, 'gateway.db-wal')),
  dispose: (folder) => void works('chattr', '-i', join(folder, 'gateway.db-wal')),
};

function isImmutableForOpenFiles(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'gewe-gateway-'));
  const path = join(folder, 'probe');
  writeFileSync(path, '');
  const file = openSync(path, 'r+');
  try {
    if (!works('chattr', '+i', path)) return false;
    writeSync(file, 'x');
    return false;
  } catch {
    return true;
  } finally {
    closeSync(file);
    works('chattr', '-i', path);
    rmSync(folder, { recursive: true });
  }
}

export const DISK_FAULTS: readonly DiskFault[] = [full, noFileMayBeWritten, readOnly];
