import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The commands under a heading of a recipe, block by block, unchanged. */
export function recipeBlocks(name: string, heading: string): readonly string[] {
  const path = fileURLToPath(new URL(`../../../docs/recipes/${name}`, import.meta.url));
  const [, after = ''] = readFileSync(path, 'utf8').split(`\n${heading}\n`);
  const [section = ''] = after.split('\n## ');
  return [...section.matchAll(/^ *```sh\n([^]*?)^ *```$/gm)].map(([, block = '']) => block);
}

/** The one block that contains this text. */
export function blockWith(blocks: readonly string[], words: string): string {
  const [block, ...more] = blocks.filter((one) => one.includes(words));
  if (block === undefined || more.length > 0) {
    throw new Error(`${more.length + Number(block !== undefined)} blocks have ${words}`);
  }
  return block;
}

/** The text with each of these words replaced. Each must occur in it. */
export function withWords(text: string, words: Readonly<Record<string, string>>): string {
  return Object.entries(words).reduce((before, [word, replacement]) => {
    if (!before.includes(word)) throw new Error(`No ${word} in:\n${before}`);
    return before.replaceAll(word, replacement);
  }, text);
}
