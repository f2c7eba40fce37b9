/** Operators' changes, of one account or of all. */
import { html, type Html } from '../../html.ts';
import type { AdminAction } from '../../history/ports.ts';
import { exactTime } from './format.ts';
import { wideTable } from './table.ts';
import { accountHref, type Setting } from './view.ts';

interface ChangeTableOptions {
  /** Whether they are of several accounts, which are then named. */
  readonly namesAccounts: boolean;
}

/** @param changes newest first; undefined if the store could not say */
export function changePart(
  changes: readonly AdminAction[] | undefined,
  setting: Setting,
  options: ChangeTableOptions,
): Html {
  const { words } = setting;
  if (changes === undefined) return html`<p class="note">${words.unreadable}</p>`;
  if (changes.length === 0) return html`<p class="quiet">${words.noChanges}</p>`;
  if (!options.namesAccounts) return changeTable(changes, setting, options);
  return html`${changeTable(changes, setting, options)}
    <p><a href="${setting.root}admin/actions?limit=1000">${words.allChanges}</a></p>`;
}

function changeTable(
  changes: readonly AdminAction[],
  setting: Setting,
  { namesAccounts }: ChangeTableOptions,
): Html {
  const { words } = setting;
  const account = namesAccounts ? [words.account] : [];
  const head = [words.time, words.who, ...account, words.what, words.before, words.after];
  const rows = changes.map(
    ({ at, who, appId, what, before, after }) =>
      html`<tr>
        <th scope="row">${exactTime(at)}</th>
        <td>${who}</td>
        ${namesAccounts && html`<td><a href="${accountHref(setting, appId)}">${appId}</a></td>`}
        <td>${words.actions[what]}</td>
        <td>${before ?? '–'}</td>
        <td>${after ?? '–'}</td>
      </tr>`,
  );
  return wideTable({ name: words.changes, head, rows });
}
