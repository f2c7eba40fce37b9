/** Clients with rights of every shape, for access.test.ts. */
import { hashKey } from '../../../src/settings/clients.ts';
import type { Rights } from './access-model.ts';

/** Every shape that the rights to operations can have. */
const OPERATION_RIGHTS: readonly Rights['operations'][] = [
  undefined,
  ['read'],
  ['write'],
  ['all'],
  ['search'],
  ['addContacts', 'fetchContactsListCache'],
  ['read', 'deleteFriend'],
];

/** Every shape that the rights to accounts can have. */
const APP_ID_RIGHTS: readonly Rights['appIds'][] = [
  undefined,
  ['*'],
  ['wx_one'],
  ['wx_sales_*'],
  ['wx_one', 'wx_sales_1', 'wx_x*'],
  ['wx_*_mid_*b'],
  ['*_1'],
  ['wx.one', 'wx_one*e'],
];

export const CLIENTS = OPERATION_RIGHTS.flatMap((operations, i) =>
  APP_ID_RIGHTS.map((appIds, j) => {
    const name = `client-${i}-${j}`;
    return { name, key: `gwk_of_${name}`, rights: { operations, appIds } };
  }),
);

/** Clients by their keys. */
export const CLIENT_OF_KEY = new Map(CLIENTS.map((client) => [client.key, client]));

/** All of them as a clients file. */
export const CLIENTS_FILE = JSON.stringify({
  clients: Object.fromEntries(
    CLIENTS.map(({ name, key, rights }) => [
      name,
      { keys: [`sha256:${hashKey(key)}`], requestsPerMinute: 10_000_000, ...rights },
    ]),
  ),
});
