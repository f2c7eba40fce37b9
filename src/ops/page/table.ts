import { html, type Html } from '../../html.ts';

interface Table {
  /** For screen readers; a heading says it to everybody else. */
  readonly name: string;
  readonly head: readonly string[];
  readonly rows: readonly Html[];
  /** How it looks, by a class of the styles. */
  readonly look?: 'numbers' | 'quotas';
}

export function table({ name, head, rows, look }: Table): Html {
  return html`<table ${look && html` class="${look}"`}>
    <caption class="hidden">
      ${name}
    </caption>
    <thead>
      <tr>
        ${head.map((one) => html`<th scope="col">${one}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

/** A table that may be wider than the page. It scrolls in a box, which the keyboard can reach. */
export function wideTable(shown: Table): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${shown.name}">
    ${table(shown)}
  </div>`;
}
