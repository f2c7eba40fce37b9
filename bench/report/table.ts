import { type Goal, reached, type Row, type Unit } from './row.ts';
import { median, spread } from './stats.ts';

/** The rows as a Markdown table. */
export function table(rows: readonly Row[]): string {
  return [
    '| name | measured | goal | median | spread | reached | figures |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${cells(row).join(' | ')} |`),
  ].join('\n');
}

/** One row as a line of text. */
export function line(row: Row): string {
  const { name, unit, values, context } = row;
  const goal = row.goal === undefined ? '' : goalText(row.goal, unit);
  const details = [spreadText(row), goal && `goal ${goal}`, context].filter(Boolean);
  return `${name}: ${valueText(median(values), unit)} (${details.join('; ')})`;
}

function cells(row: Row): readonly string[] {
  const { name, what, unit, values, goal, context } = row;
  return [
    `\`${name}\``,
    what,
    goal === undefined ? '' : goalText(goal, unit),
    `**${valueText(median(values), unit)}**`,
    spreadText(row),
    { true: 'yes', false: '**no**', undefined: '' }[String(reached(row))] ?? '',
    context,
  ];
}

function goalText(goal: Goal, unit: Unit): string {
  return 'atLeast' in goal
    ? `≥ ${valueText(goal.atLeast, unit)}`
    : `≤ ${valueText(goal.atMost, unit)}`;
}

function spreadText({ values, unit }: Row): string {
  const { least, most } = spread(values);
  return values.length < 2 ? '' : `${valueText(least, unit)} to ${valueText(most, unit)}`;
}

const digits: Readonly<Record<Unit, number>> = { '×': 2, ms: 0, s: 2, MB: 0, calls: 0 };

function valueText(value: number, unit: Unit): string {
  const number = value.toFixed(digits[unit]);
  return unit === '×' || unit === 'calls' ? number : `${number} ${unit}`;
}
