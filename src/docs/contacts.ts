/** GEWE's contacts operations as the API page documents them: the facts of GEWE's pages in our own words. */
import { z } from 'zod';
import { option, v3 } from '../add-contacts/fields.ts';
import { APP_ID } from '../http/body.ts';

export const appId = z
  .string()
  .regex(APP_ID)
  .meta({ description: 'The logged-in WeChat device.', examples: ['wx_sales_1'] });

export interface ContactsOperation {
  /** GEWE's own name for it. */
  readonly chinese: string;
  readonly summary: string;
  readonly description: string;
  /** What GEWE documents. The gateway itself checks `appId`, and for addContacts `option` and `v3`. */
  readonly request: z.ZodObject;
  readonly example: Readonly<Record<string, unknown>>;
  /** The `data` of a success; undefined if it has none. */
  readonly data?: z.ZodType;
  readonly dataExample?: unknown;
}

const wxid = z.string().min(1).describe('The wxid of a friend.');

function wxids(most: number) {
  return z
    .array(z.string().min(1))
    .min(1)
    .max(most)
    .describe(`1 to ${most} wxids. GEWE answers \`ret\` 500 to more.`);
}

const APP = { appId: 'wx_sales_1' };
const ANN = 'wxid_910acevfm2nb21';

const contactsList = z
  .looseObject({
    friends: z.array(z.string()).describe('The wxids of friends.'),
    chatrooms: z
      .array(z.string())
      .nullish()
      .describe('Groups, only those saved to the address book.'),
    ghs: z.array(z.string()).nullish().describe('Official accounts that are followed.'),
  })
  .meta({ id: 'ContactsList', description: 'Ids only, no names.' });

const listExample = {
  friends: [ANN, 'wxid_9299552988412'],
  chatrooms: ['2180313478@chatroom'],
  ghs: ['gh_7aac992b0363'],
};

const nullableText = z.string().nullish();
const person = z
  .looseObject({
    userName: nullableText.describe('The wxid.'),
    nickName: nullableText,
    remark: nullableText,
    sex: z.int().nullish(),
    signature: nullableText,
    alias: nullableText,
    country: nullableText,
    province: nullableText,
    city: nullableText,
    bigHeadImgUrl: nullableText,
    smallHeadImgUrl: nullableText,
  })
  .meta({ id: 'Person', description: 'A friend, a group or a stranger. GEWE may add fields.' });

const personExample = { userName: ANN, nickName: '小安', remark: null, sex: 2 };

const NOT_FOR_THIS_GATEWAY = 'The gateway passes it on unchanged.';

const LISTS = {
  fetchContactsList: {
    chinese: '获取通讯录列表',
    summary: 'Fetch the contact list',
    description:
      "All friends, saved groups and followed official accounts, as ids. GEWE takes longer the more friends there are.\n\nThe gateway always answers within its deadline: with the live list, or with the last good one and its `Age`. The slow call keeps running, and its list is saved. Refusals keep their HTTP status in GEWE's format too, because one common client takes a 200 without friends for an empty address book.",
    request: z.looseObject({ appId }),
    example: APP,
    data: contactsList,
    dataExample: listExample,
  },
  fetchContactsListCache: {
    chinese: '获取通讯录列表缓存',
    summary: "Fetch GEWE's own copy of the contact list",
    description:
      'A list that GEWE finished in the last 10 minutes. If it has none, it answers `ret` 200 with empty or no `data`. A good list that passes by is saved.\n\nYou rarely need this: the gateway asks it by itself while a list is slow.',
    request: z.looseObject({ appId }),
    example: APP,
    data: contactsList,
    dataExample: listExample,
  },
} satisfies Record<string, ContactsOperation>;

const PEOPLE = {
  getBriefInfo: {
    chinese: '获取好友简要信息',
    summary: 'Brief details of up to 100 contacts',
    description: NOT_FOR_THIS_GATEWAY,
    request: z.looseObject({ appId, wxids: wxids(100) }),
    example: { ...APP, wxids: [ANN] },
    data: z.array(person),
    dataExample: [personExample],
  },
  getDetailInfo: {
    chinese: '获取好友详细信息',
    summary: 'All details of up to 20 contacts',
    description: NOT_FOR_THIS_GATEWAY,
    request: z.looseObject({ appId, wxids: wxids(20) }),
    example: { ...APP, wxids: [ANN] },
    data: z.array(person),
    dataExample: [personExample],
  },
  search: {
    chinese: '搜索好友',
    summary: 'Search for a person to add',
    description:
      'Finds a person by WeChat id or phone number, and returns the `v3` and `v4` that addContacts needs.\n\nGEWE advises 10 to 20 searches a day for an account, with gaps.',
    request: z.looseObject({
      appId,
      contactsInfo: z.string().min(1).describe('A WeChat id or a phone number.'),
    }),
    example: { ...APP, contactsInfo: '13800000001' },
    data: z.looseObject({
      v3: nullableText.describe('For addContacts.'),
      v4: nullableText.describe('For addContacts.'),
      nickName: nullableText,
      sex: z.int().nullish(),
      signature: nullableText,
      bigHeadImgUrl: nullableText,
      smallHeadImgUrl: nullableText,
    }),
    dataExample: { v3: 'v3_020b38@stranger', v4: 'v4_000b70@stranger', nickName: '小安', sex: 2 },
  },
  checkRelation: {
    chinese: '检测好友关系',
    summary: 'Check whether up to 20 people are still friends',
    description: `${NOT_FOR_THIS_GATEWAY} Only GEWE's paid service has it.`,
    request: z.looseObject({ appId, wxids: wxids(20) }),
    example: { ...APP, wxids: [ANN] },
    data: z.array(z.looseObject({ wxid: nullableText, relation: z.int().nullish() })),
    dataExample: [{ wxid: ANN, relation: 0 }],
  },
} satisfies Record<string, ContactsOperation>;

const FRIENDS = {
  addContacts: {
    chinese: '添加联系人/同意添加好友',
    summary: 'Send, accept or reject a friend request',
    description:
      'WeChat restricts accounts that add people too early or too often. The gateway counts every attempt before it is sent, refuses those that are too many, and says when the next one is allowed. A refused request costs nothing. Rejecting (option 4) is not counted.\n\nAn attempt is never sent twice. With an `Idempotency-Key` you can repeat a request safely after a broken connection. `ret` 200 means that WeChat took the request; whether the person accepts comes with a callback.',
    request: z.looseObject({
      appId,
      option,
      v3,
      v4: z.string().describe('From search or from a callback.'),
      scene: z
        .union([z.int(), z.string().regex(/^\d+$/)])
        .describe(
          'Where the person comes from. For a friend request: 3 WeChat id, 4 QQ friend, 8 group, 15 phone number. To accept one: the scene in the XML of the callback.',
        ),
      content: z.string().describe('The greeting.'),
    }),
    example: {
      ...APP,
      option: 2,
      scene: 3,
      v3: 'v3_020b38@stranger',
      v4: 'v4_000b70@stranger',
      content: '你好',
    },
  },
  deleteFriend: {
    chinese: '删除好友',
    summary: 'Delete a friend',
    description: NOT_FOR_THIS_GATEWAY,
    request: z.looseObject({ appId, wxid }),
    example: { ...APP, wxid: ANN },
  },
  setFriendPermissions: {
    chinese: '设置好友仅聊天',
    summary: 'Let a friend only chat',
    description: NOT_FOR_THIS_GATEWAY,
    request: z.looseObject({
      appId,
      wxid,
      onlyChat: z.boolean().describe('Whether the friend may only chat.'),
    }),
    example: { ...APP, wxid: ANN, onlyChat: true },
  },
  setFriendRemark: {
    chinese: '设置好友备注',
    summary: 'Set the remark of a friend',
    description: NOT_FOR_THIS_GATEWAY,
    request: z.looseObject({ appId, wxid, remark: z.string().describe('The new remark.') }),
    example: { ...APP, wxid: ANN, remark: '客户 小安' },
  },
} satisfies Record<string, ContactsOperation>;

const phone = z.string().describe('A phone number.');

const PHONES = {
  getPhoneAddressList: {
    chinese: '获取手机通讯录',
    summary: 'Find the people behind phone numbers',
    description: `${NOT_FOR_THIS_GATEWAY}`,
    request: z.looseObject({
      appId,
      phones: z
        .array(phone)
        .describe('Only these numbers; all uploaded ones if it is left out.')
        .optional(),
    }),
    example: { ...APP, phones: ['13800000001'] },
    data: z.array(person),
    dataExample: [personExample],
  },
  uploadPhoneAddressList: {
    chinese: '上传手机通讯录',
    summary: 'Upload phone numbers',
    description: NOT_FOR_THIS_GATEWAY,
    request: z.looseObject({
      appId,
      phones: z.array(phone),
      opType: z.int().describe('The kind of change, as on the page of GEWE.'),
    }),
    example: { ...APP, phones: ['13800000001'], opType: 1 },
  },
} satisfies Record<string, ContactsOperation>;

/** In the order of the page. */
export const CONTACTS: Readonly<Record<string, ContactsOperation>> = {
  ...LISTS,
  ...FRIENDS,
  ...PEOPLE,
  ...PHONES,
};

const success = z.union([z.literal(200), z.literal('200')]);

/** A success of GEWE. It may leave `data` out if the operation has none. */
export function successAnswer({ data }: Pick<ContactsOperation, 'data'>) {
  const common = { ret: success, msg: z.string().nullish() };
  return data === undefined ? z.looseObject(common) : z.looseObject({ ...common, data });
}

/** One of the lists without a list: passed on if none is saved. */
export const answerWithoutList = z
  .looseObject({
    ret: success,
    msg: z.string().nullish(),
    data: z.unknown().optional(),
  })
  .meta({
    id: 'AnswerWithoutList',
    description: "GEWE's success without a usable list. It is passed on only if no list is saved.",
  });

/** The verdict of GEWE is `ret`; its HTTP status is 200. */
export const geweError = z
  .looseObject({
    ret: z
      .union([z.int(), z.string().regex(/^-?\d+$/)])
      .meta({ override: { not: { enum: [200, '200'] } } })
      .describe('Not 200.'),
    msg: z.string().nullish(),
    data: z.unknown().optional(),
  })
  .meta({
    id: 'GeweError',
    description: 'An error of GEWE, such as an account that is offline. Passed on unchanged.',
  });
