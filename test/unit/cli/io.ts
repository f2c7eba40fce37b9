import { Writable } from 'node:stream';

/** The surroundings of a command, which record its output. */
export function fakeIo(cwd: string, env: NodeJS.ProcessEnv = {}) {
  const printed = { stdout: '', stderr: '' };
  const into = (name: keyof typeof printed) =>
    new Writable({
      write(chunk, _encoding, done) {
        printed[name] += String(chunk);
        done();
      },
    });
  return {
    io: { stdout: into('stdout'), stderr: into('stderr'), env, cwd, program: 'gewe-gateway' },
    printed,
  };
}
