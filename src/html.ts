/** HTML in which nothing is markup unless it was written as markup. */

/** A piece of HTML that may be put into a page as it is. Only `html` makes one. */
export class Html {
  readonly #text: string;
  constructor(strings: readonly string[], values: readonly HtmlValue[]) {
    this.#text = strings.reduce((before, text, at) => before + render(values[at - 1]) + text);
  }
  toString(): string {
    return this.#text;
  }
}

/** `undefined` and `false` leave nothing, so that a part can depend on a condition. */
export type HtmlValue = Html | string | number | false | undefined | readonly HtmlValue[];

/**
 * Escapes every value but HTML made by this function. A value may be text or a whole attribute's value, in quotes; it is
 * not safe as a tag, an attribute's name or inside a script.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings, values);
}

function render(value: HtmlValue): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(render).join('');
  return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
