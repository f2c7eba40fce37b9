/** The styles of the operators' pages. In a `.ts` file, because the build copies no other kind. Contrast is AA or better in both schemes. */
export const PAGE_CSS = `:root {
  color-scheme: light dark;
  --paper: #f5f6f8;
  --panel: #fff;
  --sunken: #eef0f3;
  --line: #dfe3e8;
  --ink: #1b2026;
  --quiet: #5a6470;
  --link: #0b57b8;
  --good: #146b3e;
  --warn: #9a5b00;
  --bad: #b3261e;
  --good-soft: #e2f3e9;
  --warn-soft: #fdf0d9;
  --bad-soft: #fce4e2;
  --amber: #dc9a2b;
  --blue: #3f7fd0;
  --blue-soft: #b4d0f2;
  --grey: #8b96a3;
  --on-mark: #fff;
  --radius: 12px;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #111418;
    --panel: #191d22;
    --sunken: #22272e;
    --line: #2d343c;
    --ink: #e6e9ed;
    --quiet: #a0abb7;
    --link: #7db4ff;
    --good: #5fce94;
    --warn: #eeb35c;
    --bad: #ff938d;
    --good-soft: #17301f;
    --warn-soft: #362a13;
    --bad-soft: #3d2122;
    --amber: #d9a046;
  --blue: #6ea8f0;
    --blue-soft: #2f4f78;
    --grey: #7b8794;
    --on-mark: #111418;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0;
  background: var(--paper);
  color: var(--ink);
  font: 0.9375rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif;
  font-variant-numeric: tabular-nums;
  overflow-wrap: break-word;
}
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 0.18em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px; }
main:focus, h2:focus { outline: none; }
p { margin: 0 0 0.6rem; }
h1, h2 { line-height: 1.25; font-weight: 650; margin: 0; }
h1 { font-size: 1.75rem; letter-spacing: -0.01em; }
h2 { font-size: 1.15rem; margin-bottom: 0.9rem; }
code { font: 0.86em/1.4 var(--mono); overflow-wrap: anywhere; }
.app-id { font-family: var(--mono); font-size: 0.92em; overflow-wrap: anywhere; }
h1.app-id { font-size: 1.5rem; margin-bottom: 0.5rem; }
.quiet { color: var(--quiet); font-size: 0.9em; }
.breakable { overflow-wrap: anywhere; }
.hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--panel); padding: 0.5rem 1rem; z-index: 1; }

.top, main, .bottom { max-width: 80rem; margin: 0 auto; padding-left: 1.5rem; padding-right: 1.5rem; }
.top { display: flex; flex-wrap: wrap; gap: 0.3rem 1.75rem; align-items: center; padding-top: 0.9rem; padding-bottom: 0.9rem; }
.top p { margin: 0; }
.top .name { margin-right: auto; }
.top .name a { color: inherit; text-decoration: none; margin-right: 0.4rem; }
.top .name a:hover { text-decoration: underline; }
.top nav { display: flex; flex-wrap: wrap; gap: 0.2rem 1.25rem; align-items: center; }
.top form { display: inline; }
.liveness { color: var(--quiet); font-size: 0.87rem; }
.live::before { content: ''; display: inline-block; width: 0.6em; height: 0.6em; margin-right: 0.45em; border: 2px solid var(--grey); border-radius: 50%; }
.live.on { color: var(--good); }
.live.on::before { background: var(--good); border-color: var(--good); }
main { padding-top: 1rem; padding-bottom: 2rem; }
.bottom { padding-bottom: 2.5rem; color: var(--quiet); font-size: 0.87rem; }

#sentence h1 { display: flex; gap: 0.7rem; align-items: center; }
#sentence .sign { width: 1.9rem; height: 1.9rem; }
.sign { width: 1em; height: 1em; flex: none; vertical-align: -0.13em; }
.sign.good { fill: var(--good); }
.sign.warn { fill: var(--warn); }
.sign.bad { fill: var(--bad); }
.sign .mark { fill: none; stroke: var(--on-mark); stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; }
.sign .ring { fill: none; stroke: var(--grey); stroke-width: 1.6; stroke-linecap: round; }
.needs { list-style: none; margin: 1rem 0 0; padding: 0; background: var(--panel); border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden; }
.needs li { display: flex; gap: 0.7rem; padding: 0.65rem 1.1rem; }
.needs li + li { border-top: 1px solid var(--line); }
.needs .sign { margin-top: 0.28em; }
.needs a { color: inherit; }

.tiles { list-style: none; margin: 1.5rem 0 0; padding: 0; display: grid; gap: 0.9rem; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); }
.tile { background: var(--panel); border: 1px solid var(--line); border-radius: var(--radius); padding: 1rem 1.1rem 0.7rem; min-width: 0; }
.tile.warn { border-color: var(--warn); }
.tile.bad { border-color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad); }
.tile:target { outline: 3px solid var(--link); outline-offset: 2px; }
.tile h2 { font-size: 0.87rem; font-weight: 550; color: var(--quiet); margin: 0 0 0.35rem; }
.tile .state { font-size: 1.15rem; margin: 0 0 0.25rem; }
.tile p { margin: 0 0 0.25rem; }
.tile.good .state strong { color: var(--good); }
.tile.warn .state strong { color: var(--warn); }
.tile.bad .state strong { color: var(--bad); }

main > section:not([aria-label]), main > .region#state, .panel { background: var(--panel); border: 1px solid var(--line); border-radius: var(--radius); padding: 1.25rem 1.4rem; margin-top: 1.25rem; min-width: 0; }
.region > :last-child { margin-bottom: 0; }
.note { background: var(--warn-soft); border: 1px solid var(--warn); border-radius: 8px; padding: 0.55rem 0.9rem; }

.worst { list-style: none; margin: 0 0 0.6rem; padding: 0; columns: 2 24rem; column-gap: 2.5rem; }
.worst li { display: flex; flex-wrap: wrap; gap: 0.25rem 0.9rem; justify-content: space-between; padding: 0.4rem 0; border-bottom: 1px solid var(--line); break-inside: avoid; }
.reasons { display: flex; flex-wrap: wrap; gap: 0.3rem; }
.reason, .code { display: inline-block; font-size: 0.84rem; line-height: 1.5; padding: 0 0.55em; border-radius: 99px; background: var(--sunken); white-space: nowrap; }
.reason.fetch-failed, .reason.other { background: var(--bad-soft); color: var(--bad); }
.reason.stale-list, .reason.refused-today, .reason.refused { background: var(--warn-soft); color: var(--warn); }
.reason.sent, .code.good { background: var(--good-soft); color: var(--good); }
.code b { font-weight: 600; }

.charts { display: grid; gap: 1.5rem; grid-template-columns: repeat(3, minmax(0, 1fr)); margin: 0 0 0.75rem; }
.charts.two { grid-template-columns: repeat(2, minmax(0, 1fr)); }
.chart, .time-line { margin: 0; min-width: 0; }
.chart figcaption { font-weight: 550; margin-bottom: 0.5rem; }
.plot { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0.2rem 0.5rem; }
.plot svg { width: 100%; height: 7.5rem; background: var(--sunken); border-radius: 4px; }
.plot .span { grid-column: 2; }
.scale { display: flex; flex-direction: column; justify-content: space-between; text-align: right; font-size: 0.78rem; color: var(--quiet); min-width: 3.2rem; line-height: 1; }
.span { display: flex; justify-content: space-between; font-size: 0.78rem; color: var(--quiet); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; margin: 0.35rem 0 0; padding: 0 0 0 3.7rem; font-size: 0.84rem; color: var(--quiet); }
.legend li::before { content: ''; display: inline-block; width: 0.7em; height: 0.7em; border-radius: 2px; margin-right: 0.4em; background: var(--blue); }
path.p50, path.answered, path.list { fill: var(--blue); }
path.p95 { fill: var(--blue-soft); }
path.failed { fill: var(--bad); }
path.refused { fill: var(--amber); }
path.left { fill: var(--grey); }
.legend .p95::before { background: var(--blue-soft); }
.legend .failed::before { background: var(--bad); }
.legend .refused::before { background: var(--amber); }
.legend .left::before { background: var(--grey); }
.steps .area { fill: var(--blue-soft); opacity: 0.5; }
.steps .line { fill: none; stroke: var(--blue); stroke-width: 2; vector-effect: non-scaling-stroke; }
.spark { width: 6.2rem; height: 1.5rem; vertical-align: middle; flex: none; }
.spark .good { fill: var(--blue); }
.spark .bad { fill: none; stroke: var(--bad); stroke-width: 1.4; }
.lane-row { display: grid; grid-template-columns: 9rem minmax(0, 1fr); gap: 0.75rem; align-items: center; font-size: 0.87rem; color: var(--quiet); }
.lane { width: 100%; height: 1.6rem; }
.lane path { fill: none; stroke-width: 3; vector-effect: non-scaling-stroke; }
.lane .axis { stroke: var(--line); stroke-width: 1; }
.lane .sent { stroke: var(--good); }
.lane .refused { stroke: var(--amber); }
.lane .other { stroke: var(--bad); }
.time-line { margin-bottom: 1.1rem; }
.time-line .span { margin-left: 9.75rem; }

.scroll { overflow-x: auto; margin: 0 0 0.6rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.5rem 1.25rem 0.5rem 0; border-top: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--quiet); font-weight: 500; font-size: 0.84rem; border-top: 0; padding-top: 0; white-space: nowrap; }
tbody th { font-weight: 500; }
.numbers td { white-space: nowrap; }
.numbers td.text { white-space: normal; min-width: 5rem; }
tbody time { white-space: nowrap; }
details summary { cursor: pointer; color: var(--quiet); padding: 0.2rem 0; }
details[open] summary { margin-bottom: 0.5rem; }

meter { display: inline-block; width: 5rem; height: 0.5rem; vertical-align: 0.1em; margin-right: 0.4rem; border: 0; border-radius: 99px; background: var(--sunken); }
meter::-webkit-meter-inner-element { display: block; }
meter::-webkit-meter-bar { height: 0.5rem; border: 0; border-radius: 99px; background: var(--sunken); }
meter::-webkit-meter-optimum-value { background: var(--good); border-radius: 99px; }
meter::-webkit-meter-suboptimum-value, meter::-webkit-meter-even-less-good-value { background: var(--warn); border-radius: 99px; }
meter::-moz-meter-bar { background: var(--good); border-radius: 99px; }
meter:-moz-meter-sub-optimum::-moz-meter-bar, meter:-moz-meter-sub-sub-optimum::-moz-meter-bar { background: var(--warn); }

label { display: block; font-size: 0.84rem; color: var(--quiet); margin-bottom: 0.15rem; }
input, select, button, .button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--grey); border-radius: 8px; padding: 0.4rem 0.7rem; min-height: 2.4rem; }
input, select { width: 100%; }
button, .button { display: inline-block; cursor: pointer; font-weight: 550; text-decoration: none; }
button { background: var(--link); border-color: transparent; color: var(--on-mark); padding: 0.4rem 1.2rem; }
button:hover, .button:hover { text-decoration: underline; }
.button { color: var(--link); }
button.danger { background: var(--bad); }
.button.danger { color: var(--bad); }
button.link { background: none; border: 0; padding: 0; min-height: 0; color: var(--link); text-decoration: underline; font-weight: 400; }
.search { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: end; margin-bottom: 1rem; }
.search p { margin: 0; }
.search .grow { flex: 1 1 14rem; }
.actions { display: flex; flex-wrap: wrap; gap: 0.6rem; margin-top: 1.1rem; }
.buttons { display: flex; flex-wrap: wrap; gap: 1.1rem; align-items: center; margin: 1.1rem 0 0; }
.inputs { display: grid; gap: 0 1rem; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); max-width: 40rem; }
.pages { display: flex; gap: 1.25rem; align-items: center; margin-top: 1rem; }

.verdict { font-size: 1.05rem; }
.facts { display: grid; gap: 1.25rem 3rem; grid-template-columns: repeat(2, minmax(0, 1fr)); }
.facts dl { margin: 0; }
.facts dl > div { padding: 0.45rem 0; border-top: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; }

.cards td > div { display: flex; flex-wrap: wrap; gap: 0 0.4rem; align-items: baseline; }
.cards .app-id { font-weight: 500; }
.cards th { min-width: 9rem; }
.amount { display: inline-flex; align-items: center; gap: 0.5rem; white-space: nowrap; }
.amount meter { margin: 0; }

@media (max-width: 60rem) {
  .charts, .charts.two { grid-template-columns: minmax(0, 1fr); }
  .facts { grid-template-columns: minmax(0, 1fr); }
  .cards, .cards tbody, .cards tr, .cards th, .cards td { display: block; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .cards tr { border-top: 1px solid var(--line); padding: 0.75rem 0; }
  .cards th, .cards td { border: 0; padding: 0.2rem 0; }
  .cards td { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: 0.5rem; }
  .cards td::before { content: attr(data-label); color: var(--quiet); font-size: 0.87rem; }
}
@media (max-width: 40rem) {
  .top, main, .bottom { padding-left: 1rem; padding-right: 1rem; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.6rem; }
  .tile { padding: 0.8rem 0.9rem 0.5rem; }
  .tile:first-child { grid-column: 1 / -1; }
  main > section:not([aria-label]), main > .region#state, .panel { padding: 1rem; }
  h1 { font-size: 1.45rem; }
  .search p { flex: 1 1 8rem; }
  .search .grow { flex-basis: 100%; }
  .lane-row { grid-template-columns: 6rem minmax(0, 1fr); }
  .time-line .span { margin-left: 6.75rem; }
}
@media print {
  .top nav, .search, .actions, .pages, .liveness { display: none; }
}

.sign-in main { max-width: 26rem; margin: 12vh auto 0; background: var(--panel); border: 1px solid var(--line); border-radius: var(--radius); padding: 1.75rem; }
.sign-in h1 { margin-bottom: 1rem; }
.sign-in button { width: 100%; }
.sign-in [role=alert] { background: var(--bad-soft); border: 1px solid var(--bad); border-radius: 8px; padding: 0.55rem 0.9rem; }
@media (max-width: 40rem) { .sign-in main { margin: 1rem; } }
`;
