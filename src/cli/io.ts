/** What a command may touch of the process that runs it. */
export interface Io {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** How this program is called here: what messages recommend has to work where they are printed. */
  readonly program: string;
}

/** Exit codes, after sysexits.h. */
export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 64;
export const EXIT_CONFIG = 78;
