/** The data in the simulator's responses. Ids and their order are those of GEWE's own samples. */

/** The `data` of fetchContactsList: ids, never names. */
export interface ContactsList {
  readonly friends: readonly string[];
  readonly chatrooms: readonly string[];
  readonly ghs: readonly string[];
}

/** How long a list is: GEWE's sample, or the sample with this many invented friends instead. */
export type ListSize = number | 'sample';

const SAMPLE_LIST: ContactsList = {
  friends: [
    'tmessage',
    'medianote',
    'qmessage',
    'qqmail',
    'wxid_910acevfm2nb21',
    'qqsafe',
    'wxid_9299552988412',
    'weixin',
    'exmail_tool',
    'wxid_mp05xmje0ctn22',
    'wxid_09oq4f4j4wg912',
    'wxid_6bfguz79h8n122',
    'wxid_lyuq4hr4lrjq22',
    'wxid_a1zqyljsrsdu12',
    'wxid_lv3pb3zhna3522',
    'wxid_k2biq6fuinsr22',
    'wxid_ujredjhxz9y712',
    'wxid_uwb7989u0jea12',
    'wxid_in46ey732vxu12',
    'wxid_3rvervwohj6921',
    'wxid_4wkls7tu62ua12',
    'wxid_g0bdknnotx2f12',
    'wxid_ce5fgp0icb3y21',
    'wxid_1482424825211',
    'wxid_vw3p4f6jy7bm12',
    'wxid_o2m8xm71c23522',
    'wxid_bclqpc2ho6o412',
    'wxid_98pjjzpiisi721',
    'wxid_noq2wsn5c8h222',
  ],
  chatrooms: [
    '2180313478@chatroom',
    '14358945067@chatroom',
    '17362526147@chatroom',
    '11685224357@chatroom',
    '17522822550@chatroom',
  ],
  ghs: [
    'gh_7aac992b0363',
    'gh_d7293b5f14f4',
    'gh_f51ce3ef83a4',
    'gh_7d20df86e26b',
    'gh_69bfb92a3e43',
  ],
};

/** A list of the given size. The same size gives the same ids, so that two answers can be compared. */
export function contactsList(size: ListSize): ContactsList {
  if (size === 'sample') return SAMPLE_LIST;
  return {
    ...SAMPLE_LIST,
    friends: Array.from({ length: size }, (_, index) => `wxid_${madeUpId(index)}`),
  };
}

/** One element of getBriefInfo's and getDetailInfo's `data`. */
export function person(wxid: string): Record<string, unknown> {
  return {
    userName: wxid,
    nickName: `昵称 ${wxid}`,
    remark: null,
    sex: 0,
    signature: null,
    alias: null,
    country: null,
    province: null,
    city: null,
    bigHeadImgUrl: null,
    smallHeadImgUrl: null,
    labelList: null,
  };
}

/** The `data` of search: a person who can be added. It follows from the text that was searched for. */
export function stranger(contactsInfo: string): Record<string, unknown> {
  return {
    v3: `v3_${hex(contactsInfo)}@stranger`,
    nickName: `昵称 ${contactsInfo}`,
    sex: 0,
    signature: null,
    bigHeadImgUrl: null,
    smallHeadImgUrl: null,
    v4: `v4_${hex(contactsInfo)}@stranger`,
  };
}

/** One element of getPhoneAddressList's `data`. */
export function phoneContact(phone: string): Record<string, unknown> {
  return { ...person(`wxid_${hex(phone)}`), nickName: `昵称 ${phone}` };
}

function madeUpId(index: number): string {
  return `${index.toString(36).padStart(12, '0')}22`;
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}
