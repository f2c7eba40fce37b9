import { MAIN } from '../../support/gateway-process.ts';
import { withWords } from './recipe.ts';
import { openTerminal } from './terminal.ts';

/** Types commands of a recipe in a shell, and resolves with their output. Only how the program is called differs. */
export async function typeCommands(
  cwd: string,
  env: Readonly<Record<string, string>>,
  commands: string,
): Promise<string> {
  const terminal = openTerminal(cwd, { PATH: process.env['PATH'] ?? '', ...env });
  const program = `"${process.execPath}" "${MAIN}"`;
  const output = await terminal.type(withWords(commands, { 'npm run gewe-gateway --': program }));
  await terminal.close();
  return output;
}
