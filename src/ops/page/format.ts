/** How numbers, lengths and instants are written on the page. Pure. */
import { html, type Html } from '../../html.ts';
import type { Words } from './words.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function number(value: number): string {
  return value.toLocaleString('en');
}

/** In binary units, as `1.4 MiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let [amount, unit] = [value, 0];
  while (amount >= 1024 && unit < units.length - 1) [amount, unit] = [amount / 1024, unit + 1];
  return `${unit > 0 && amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${units[unit]}`;
}

/** A length of time in its two largest units at most, milliseconds. Rounded down. */
export function age(ms: number, { units }: Words): string {
  const length = Math.max(0, ms);
  const whole = (unit: number) => Math.floor(length / unit);
  if (length >= 10 * DAY) return `${number(whole(DAY))} ${units.d}`;
  if (length >= DAY) return joined(whole(DAY), units.d, whole(HOUR) % 24, units.h);
  if (length >= HOUR) return joined(whole(HOUR), units.h, whole(MINUTE) % 60, units.min);
  if (length >= MINUTE) return `${whole(MINUTE)} ${units.min}`;
  return `${whole(SECOND)} ${units.s}`;
}

function joined(first: number, unit: string, second: number, smaller: string): string {
  return second === 0 ? `${first} ${unit}` : `${first} ${unit} ${second} ${smaller}`;
}

/** How long something took, milliseconds. */
export function duration(ms: number, { units }: Words): string {
  if (ms < SECOND) return `${Math.round(ms)} ${units.ms}`;
  if (ms < 10 * SECOND) return `${Math.round(ms / 100) / 10} ${units.s}`;
  const seconds = Math.round(ms / SECOND);
  if (seconds < 120) return `${seconds} ${units.s}`;
  return joined(Math.floor(seconds / 60), units.min, seconds % 60, units.s);
}

/** An instant in UTC, as short as it is clear: `20:36` today, `11-26 20:36` this year, with the year else. */
export function clockTime(at: number, now: number): string {
  const [text, today] = [iso(at), iso(now)];
  if (text.slice(0, 10) === today.slice(0, 10)) return text.slice(11, 16);
  return text.slice(text.slice(0, 4) === today.slice(0, 4) ? 5 : 0, 16).replace('T', ' ');
}

/** The element for an instant; `shown` instead of the time itself, which is then in its title. */
export function time(at: number, now: number, shown: string = clockTime(at, now)): Html {
  const text = iso(at);
  return html`<time datetime="${text}" title="${`${text.slice(0, 19).replace('T', ' ')} UTC`}"
    >${shown}</time
  >`;
}

/** With seconds, for rows that follow each other closely. */
export function exactTime(at: number): Html {
  const text = iso(at);
  return html`<time datetime="${text}">${text.slice(0, 10)} ${text.slice(11, 19)}</time>`;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
