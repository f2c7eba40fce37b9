import { describe, expect, it } from '@jest/globals';
import { reached, type Row } from '../../../bench/report/row.ts';
import { line, table } from '../../../bench/report/table.ts';

const row: Row = {
  name: 'forwarded',
  what: 'a call',
  unit: '×',
  goal: { atLeast: 1.3 },
  values: [1.2, 1.4, 1.5],
  context: '14 against 10 a second',
};

describe('the table of measurements', () => {
  it('has the goal, the median, the spread and whether the goal is reached', () => {
    expect(table([row]).split('\n').at(-1)).toBe(
      '| `forwarded` | a call | ≥ 1.30 | **1.40** | 1.20 to 1.50 | yes | 14 against 10 a second |',
    );
  });

  it('leaves goal and verdict empty if there is no goal', () => {
    expect(table([{ ...row, goal: undefined }])).toContain(
      '| a call |  | **1.40** | 1.20 to 1.50 |  |',
    );
  });

  it('has no spread for a single value', () => {
    expect(line({ ...row, values: [1.4] })).toBe(
      'forwarded: 1.40 (goal ≥ 1.30; 14 against 10 a second)',
    );
  });

  it('has units for everything that is not a ratio', () => {
    const memory: Row = { ...row, unit: 'MB', goal: { atMost: 90 }, values: [91] };
    expect(line(memory)).toContain('91 MB (goal ≤ 90 MB');
  });
});

describe('a goal', () => {
  it.each([
    [{ atLeast: 1 }, [0.5, 1, 9], true],
    [{ atLeast: 1 }, [0.5, 0.9, 9], false],
    [{ atMost: 3 }, [3, 2, 9], true],
    [{ atMost: 3 }, [4, 2, 9], false],
  ])('of %j is compared with the median of %j: %s', (goal, values, expected) => {
    expect(reached({ goal, values })).toBe(expected);
  });

  it('that does not exist is neither reached nor missed', () => {
    expect(reached({ goal: undefined, values: [1] })).toBeUndefined();
  });

  it('is missed if nothing was measured', () => {
    expect(reached({ goal: { atMost: 3 }, values: [] })).toBe(false);
  });
});
