import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { CORES, output } from '../setup/processes.ts';
import { headersOf, type Request } from './requests.ts';

export const CONNECTIONS = 64;

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));

export interface WrkReport {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

let first = 0;

/** 64 connections, each with one request after the other. @throws AssertionError if not every answer is a 2xx */
export async function wrk(url: string, request: Request, seconds: number): Promise<WrkReport> {
  // Room for the numbers of one run.
  first += 1e7;
  const headers = Object.entries(headersOf(request)).flatMap(([name, value]) => [
    '-H',
    `${name}: ${value}`,
  ]);
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--timeout', '30s', '-s', SCRIPT];
  const printed = await output(
    [
      'taskset',
      '-c',
      CORES.load,
      'wrk',
      ...args,
      ...headers,
      `${url}/contacts/${request.operation}`,
    ],
    { PATH: process.env['PATH'], BODY: request.body, FIRST: String(first) },
  );
  const report = JSON.parse(printed.trimEnd().split('\n').at(-1) ?? '') as WrkReport & {
    readonly refused: number;
    readonly failed: number;
  };
  const { refused, failed } = report;
  assert.deepEqual({ refused, failed }, { refused: 0, failed: 0 }, `${url} ${request.operation}`);
  assert.ok(report.perSecond > 0, `${url} ${request.operation}: no answer in ${seconds} s`);
  return report;
}
