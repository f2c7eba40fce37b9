import { readFileSync, writeFileSync } from 'node:fs';

/** Resident memory of a process as Linux counts it (proc_pid_status(5)), megabytes. */
export function residentMb(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (name: string) =>
    Math.round((Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024) / 1e6);
  return { now: mb('VmRSS'), peak: mb('VmHWM') };
}

/** Makes `peak` count from now on. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
