/**
 * Drawings as inline SVG. They stretch with the page, so they hold no text: scales and legends are HTML beside them. Colours
 * come from classes, because the page's policy allows no `style`. Pure.
 */
import { html, type Html } from '../../html.ts';

/** One row of a drawing. The class gives its colour. */
export interface Series {
  readonly className: string;
  readonly values: readonly number[];
}

const HEIGHT = 100;
/** So that a single failure among thousands of requests is seen. */
const LEAST = 2;

/** Bars from a common base line, one place for each index; what comes later is drawn in front. */
export function bars(title: string, series: readonly Series[], most: number): Html {
  const places = Math.max(1, ...series.map(({ values }) => values.length));
  return html`<svg
    class="bars"
    viewBox="0 0 ${places} ${HEIGHT}"
    preserveAspectRatio="none"
    role="img"
    aria-label="${title}"
  >
    <title>${title}</title>
    ${series.map(({ className, values }) => html`<path class="${className}" d="${barPath(values, most, places)}" />`)}
  </svg>`;
}

/** Few bars have a gap between them. */
const MANY = 60;

function barPath(values: readonly number[], most: number, places: number): string {
  const width = places > MANY ? 1 : 0.8;
  return values
    .map((value, at) => {
      if (!(value > 0)) return '';
      const height = round(Math.min(HEIGHT, Math.max(LEAST, (value / most) * HEIGHT)));
      return `M${at} ${HEIGHT}v-${height}h${width}v${height}z`;
    })
    .join('');
}

/** Series on top of each other: each value is its own and all before it. The largest comes first, to be drawn behind. */
export function stacked(series: readonly Series[]): Series[] {
  let below: readonly number[] = [];
  const sums = series.map(({ className, values }) => {
    below = values.map((value, at) => value + (below[at] ?? 0));
    return { className, values: below };
  });
  return sums.reverse();
}

/** The end of a scale that holds `most`: 1, 2 or 5 times a power of ten. */
export function scaleFor(most: number): number {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * power).find((end) => end >= most) ?? most;
}

/** Bars with a gap between them, for a few values; `isBad` marks those that failed, by shape as well. */
export function sparkline(
  title: string,
  values: readonly { readonly value: number; readonly isBad: boolean }[],
  places: number,
): Html {
  const most = Math.max(1, ...values.map(({ value }) => value));
  const paths = values.map(({ value, isBad }, index) => {
    const at = (places - values.length + index) * 5;
    const height = round(Math.max(2, (value / most) * 22));
    const shape = isBad
      ? `M${at + 0.5} ${24 - height}h3M${at + 2} 24v-${height}`
      : `M${at} 24v-${height}h4v${height}z`;
    return html`<path class="${isBad ? 'bad' : 'good'}" d="${shape}" />`;
  });
  return html`<svg
    class="spark"
    viewBox="0 0 ${places * 5 - 1} 24"
    role="img"
    aria-label="${title}"
  >
    <title>${title}</title>
    ${paths}
  </svg>`;
}

/** A lane of a time line: a mark for each instant between `from` and `to`. */
export function lane(
  title: string,
  className: string,
  instants: readonly number[],
  from: number,
  to: number,
): Html {
  const span = Math.max(1, to - from);
  const marks = instants.map((at) => `M${round(((at - from) / span) * 1000)} 2v16`).join('');
  return html`<svg
    class="lane"
    viewBox="-4 0 1008 20"
    preserveAspectRatio="none"
    role="img"
    aria-label="${title}"
  >
    <title>${title}</title>
    <path class="axis" d="M-4 19h1008" />
    <path class="${className}" d="${marks}" />
  </svg>`;
}

/** A value that keeps until the next one: steps, over time. */
export function steps(
  title: string,
  points: readonly { readonly at: number; readonly value: number }[],
  to: number,
  most: number,
): Html {
  const from = points[0]?.at ?? to;
  const span = Math.max(1, to - from);
  const x = (at: number) => round(((at - from) / span) * 1000);
  const y = (value: number) => round(HEIGHT - (value / most) * HEIGHT);
  const line = points.map(({ at, value }, index) =>
    index === 0 ? `M0 ${y(value)}` : `H${x(at)}V${y(value)}`,
  );
  return html`<svg
    class="steps"
    viewBox="0 0 1000 ${HEIGHT}"
    preserveAspectRatio="none"
    role="img"
    aria-label="${title}"
  >
    <title>${title}</title>
    <path class="area" d="${line.join('')}H1000V${HEIGHT}H0z" />
    <path class="line" d="${line.join('')}H1000" />
  </svg>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
