/** Made-up friends of the account wx_sales_1, as GEWE answers. */
const NAMES = [
  ...[
    '陈晓梅',
    '林建国',
    '王思远',
    '赵雨薇',
    '周明哲',
    '吴佳怡',
    '郑海波',
    '孙若彤',
    '李子墨',
    '黄丽华',
  ],
  ...[
    '徐志强',
    '何欣然',
    '马文博',
    '朱婉清',
    '郭天宇',
    '罗静雯',
    '梁俊杰',
    '宋雅琴',
    '唐浩然',
    '韩雪梅',
  ],
  ...['冯国栋', '曹梦洁', '彭立新', '苏婷婷', '蒋一鸣', '沈慧敏'],
];
const GROUPS = ['华东客户群', '新品讨论', '售后支持'];
const idOf = (index: number) => `wxid_demo${String(index + 1).padStart(4, '0')}`;

const names = new Map([
  ...NAMES.map((name, index) => [idOf(index), name] as const),
  ...GROUPS.map((name, index) => [`1760000000${index}@chatroom`, name] as const),
  ['gh_demo00000001', '城市早报'] as const,
]);
const ids = [...names.keys()];

/** The answer to fetchContactsList. */
export const friendsList = {
  ret: 200,
  msg: '操作成功',
  data: {
    friends: ids.filter((id) => id.startsWith('wxid_')),
    chatrooms: ids.filter((id) => id.endsWith('@chatroom')),
    ghs: ids.filter((id) => id.startsWith('gh_')),
  },
};

/** The answer to getBriefInfo. */
export const peopleOf = {
  ret: 200,
  msg: '操作成功',
  data: ids.map((userName) => ({ userName, nickName: names.get(userName), remark: null })),
};
