/** The API page's styles. In a `.ts` file, because the build copies no other kind. Contrast is AA or better in both schemes. */
export const PAGE_CSS = `:root {
  color-scheme: light dark;
  --paper: #fff;
  --panel: #f6f7f9;
  --line: #d9dde3;
  --ink: #1c2127;
  --quiet: #56606c;
  --link: #0b57b8;
  --ok: #0f6b3a;
  --bad: #8a4b00;
  --failed: #a4232a;
  --note: #fff6df;
  --note-line: #d9a520;
  --radius: 8px;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b;
    --panel: #1c2126;
    --line: #353c45;
    --ink: #e6e9ed;
    --quiet: #a3adb8;
    --link: #7db4ff;
    --ok: #6fd39a;
    --bad: #f0b35a;
    --failed: #ff9a98;
    --note: #2b2413;
    --note-line: #a3822f;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--paper);
  color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, 'Segoe UI', Roboto, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif;
  overflow-wrap: break-word;
}
a { color: var(--link); text-underline-offset: 0.15em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
code, pre, textarea { font-family: var(--mono); font-size: 0.875em; }
code { overflow-wrap: anywhere; }
p { margin: 0 0 0.75rem; }
h1, h2, h3, h4 { line-height: 1.3; margin: 0 0 0.75rem; font-weight: 650; }
h1 { font-size: 2rem; }
h2 { font-size: 1.5rem; margin-top: 3rem; }
h3 { font-size: 1.25rem; }
h4 { font-size: 1rem; margin-top: 1.75rem; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: 0.5rem 1rem; z-index: 1; }
.top {
  display: flex;
  flex-wrap: wrap;
  gap: 0.25rem 1.5rem;
  justify-content: space-between;
  align-items: center;
  padding: 0.75rem 1.5rem;
  border-bottom: 1px solid var(--line);
}
.top p { margin: 0; }
.top nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }
.version, .quiet, .chinese, .count { color: var(--quiet); }
.quiet { font-size: 0.925rem; }
.chinese { font-weight: 400; margin-left: 0.35rem; }
.columns { max-width: 78rem; margin: 0 auto; padding: 0 1.5rem; }
.contents { padding: 1.25rem 0; font-size: 0.925rem; border-bottom: 1px solid var(--line); }
.contents summary { font-weight: 600; }
.contents ul { list-style: none; margin: 0 0 0.5rem; padding: 0; }
.contents li a { display: block; padding: 0.2rem 0; text-decoration: none; }
.contents li a:hover { text-decoration: underline; }
.group p { margin: 0.75rem 0 0.15rem; font-weight: 600; color: var(--quiet); }
main { min-width: 0; padding: 2rem 0 6rem; }
article { padding: 2rem 0 2.5rem; border-bottom: 1px solid var(--line); }
.panel { border: 1px solid var(--line); border-radius: var(--radius); background: var(--panel); padding: 1.25rem; margin: 2rem 0; }
.panel h2 { margin-top: 0; font-size: 1.15rem; }
.note { background: var(--note); border-left: 4px solid var(--note-line); border-radius: 4px; padding: 0.6rem 0.9rem; }
.method {
  display: inline-block;
  min-width: 3.4em;
  text-align: center;
  font: 600 0.7rem/1.5 var(--mono);
  letter-spacing: 0.03em;
  border: 1px solid currentcolor;
  border-radius: 4px;
  padding: 0 0.35em;
  color: var(--link);
}
.method.get { color: var(--ok); }
.method.delete { color: var(--failed); }
.path code { font-size: 1rem; }
.badge { font-size: 0.8rem; color: var(--quiet); border: 1px solid var(--line); border-radius: 999px; padding: 0.05rem 0.6rem; }
.status { display: inline-block; font: 600 0.8rem/1.5 var(--mono); border: 1px solid currentcolor; border-radius: 4px; padding: 0 0.45em; }
.status.ok { color: var(--ok); }
.status.bad { color: var(--bad); }
.status.failed { color: var(--failed); }
.scroll { overflow-x: auto; margin: 0 0 1rem; }
table { border-collapse: collapse; width: 100%; min-width: 30rem; font-size: 0.925rem; }
caption { text-align: left; font-weight: 600; padding-bottom: 0.35rem; }
th, td { text-align: left; vertical-align: top; padding: 0.5rem 1rem 0.5rem 0; border-top: 1px solid var(--line); }
thead th { color: var(--quiet); font-weight: 500; border-top: 0; }
tbody th { font-weight: 400; }
tbody th code { overflow-wrap: normal; white-space: nowrap; }
tr:target { background: var(--note); }
.need { display: block; font-size: 0.8rem; color: var(--quiet); }
.need.must { color: var(--bad); }
.limit { display: block; font-size: 0.85rem; color: var(--quiet); }
.code { margin: 0 0 1rem; border: 1px solid var(--line); border-radius: var(--radius); background: var(--panel); overflow: hidden; }
.code figcaption { font-size: 0.8rem; color: var(--quiet); padding: 0.4rem 0.9rem; border-bottom: 1px solid var(--line); }
pre { margin: 0; padding: 0.8rem 0.9rem; overflow-x: auto; line-height: 1.5; }
pre code { overflow-wrap: normal; font-size: inherit; }
details { margin: 0 0 0.75rem; }
summary { cursor: pointer; padding: 0.3rem 0; font-weight: 550; }
details[open] > summary { margin-bottom: 0.5rem; }
.refusal { border-bottom: 1px solid var(--line); margin: 0; }
.refusal summary { padding: 0.6rem 0; font-weight: 400; }
.try { border: 1px solid var(--line); border-radius: var(--radius); padding: 0.4rem 1rem; margin-top: 1.25rem; }
.inputs { display: grid; gap: 0 1rem; }
label { display: block; font-weight: 550; font-size: 0.925rem; margin-bottom: 0.2rem; }
input, select, textarea, button { font-size: 1rem; color: inherit; background: var(--paper); border: 1px solid var(--quiet); border-radius: 6px; padding: 0.5rem 0.7rem; }
input, select, textarea { width: 100%; font-family: var(--mono); font-size: 0.925rem; }
select { font-family: inherit; }
textarea { resize: vertical; line-height: 1.5; }
button { cursor: pointer; background: var(--link); color: var(--paper); border-color: transparent; font-weight: 600; padding: 0.5rem 1.4rem; }
button:hover { text-decoration: underline; }
button:disabled { opacity: 0.6; cursor: default; }
.result pre { border: 1px solid var(--line); border-radius: var(--radius); background: var(--panel); margin-bottom: 0.75rem; max-height: 24rem; overflow: auto; }
@media (min-width: 40rem) {
  .inputs { grid-template-columns: 2fr 1fr; }
}
@media (min-width: 60rem) {
  .columns { display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 3rem; }
  .contents { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; border-bottom: 0; padding: 2rem 0.25rem; }
}
@media (max-width: 40rem) {
  .top, .columns { padding-left: 1rem; padding-right: 1rem; }
  h1 { font-size: 1.6rem; }
}
@media print {
  .contents, .top nav, .try, .panel { display: none; }
}
`;
