/** Times in messages for people in China, whatever the time zone of the machine. */

/** China Standard Time. Without daylight saving time since 1991 (tz database, zone Asia/Shanghai). */
const OFFSET_MS = 8 * 3_600_000;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Of a shorter wait the end is given to the second. */
const SHORT_WAIT_MS = 2 * MINUTE_MS;

/**
 * An instant as people write it: `19:45` today, `明天 09:30`, `11月29日 19:45`, and `19:45:30` if it is less than two
 * minutes away. Rounded up, so that it is never too early. Both instants are milliseconds since the epoch.
 */
export function chinaTime(instant: number, now: number): string {
  const isSoon = instant - now < SHORT_WAIT_MS;
  const { date, day } = wallClock(instant, isSoon ? SECOND_MS : MINUTE_MS);
  const time = date.toISOString().slice(11, isSoon ? 19 : 16);
  const daysAhead = day - wallClock(now, 1).day;
  if (daysAhead === 0) return time;
  if (daysAhead === 1) return `明天 ${time}`;
  return `${date.getUTCMonth() + 1}月${date.getUTCDate()}日 ${time}`;
}

/** Whether an instant, rounded up as `chinaTime` does, is on the same day in China as `now`. */
export function isTodayInChina(instant: number, now: number): boolean {
  const unitMs = instant - now < SHORT_WAIT_MS ? SECOND_MS : MINUTE_MS;
  return wallClock(instant, unitMs).day === wallClock(now, 1).day;
}

/** An instant, rounded up to `unitMs`: as a date whose UTC fields are those of China, and the number of its day. */
function wallClock(instant: number, unitMs: number): { date: Date; day: number } {
  const shifted = Math.ceil(instant / unitMs) * unitMs + OFFSET_MS;
  return { date: new Date(shifted), day: Math.floor(shifted / DAY_MS) };
}
