import Sequencer from '@jest/test-sequencer';

/** Files that take long on any machine: most of them wait for processes, deadlines or a Redis that is away. */
const SLOW = [
  '/test/browser/',
  '/test/system/',
  '/flow/add-contacts-quota-model.',
  '/flow/draining.',
  '/flow/proxying.',
  '/flow/upstream-faults.',
  '/flow/upstream-unreachable.',
  '/abuse/slow-callers.',
  '/abuse/two-readers.',
];

const isSlow = ({ path }) => SLOW.some((part) => path.replaceAll('\\', '/').includes(part));

/**
 * Slow files first, so that none of them is left running alone at the end. Jest does that by itself as soon as it knows how
 * long each took; until then it goes by their size.
 */
export default class SlowFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const first = sorted.filter((test) => test.duration === undefined && isSlow(test));
    return [...first, ...sorted.filter((test) => !first.includes(test))];
  }
}
