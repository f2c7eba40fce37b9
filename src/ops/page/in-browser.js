// The script of the operators' pages, run by browsers: it keeps the page up to date. Everything works without it.

const place = document.querySelector('[data-events]');
const light = document.getElementById('live');

/** Regions that wait until nobody is working in them. */
const held = new Map();
let source;
let retry;

function showLive(isLive) {
  light.classList.toggle('on', isLive);
  light.textContent = isLive ? light.dataset.live : light.dataset.notLive;
}

function connect() {
  if (source !== undefined || document.hidden) return;
  clearTimeout(retry);
  source = new EventSource(place.dataset.events);
  source.addEventListener('regions', ({ data }) => {
    showLive(true);
    for (const [id, html] of Object.entries(JSON.parse(data))) held.set(id, html);
    showHeld();
  });
  // The server leads to the sign-in page.
  source.addEventListener('signed-out', () => location.reload());
  source.addEventListener('error', () => {
    showLive(false);
    if (source?.readyState === EventSource.CLOSED) void refused();
  });
}

function disconnect() {
  source?.close();
  source = undefined;
  showLive(false);
}

/** The browser does not try again after an answer that is no stream: signed out, or too many pages are open. */
async function refused() {
  disconnect();
  try {
    const page = await fetch(location.href, { method: 'HEAD', redirect: 'manual' });
    if (page.type === 'opaqueredirect') return location.reload();
  } catch {
    // The gateway is away.
  }
  retry = setTimeout(connect, 10_000);
}

function showHeld() {
  for (const [id, html] of held) {
    const region = document.getElementById(id);
    if (region !== null && isInUse(region)) continue;
    held.delete(id);
    if (region !== null) replace(region, html);
  }
}

/** Whether somebody fills in a form of it, or has selected text in it. */
function isInUse(region) {
  const { activeElement } = document;
  if (region.contains(activeElement) && activeElement.matches('input, select, textarea'))
    return true;
  const selection = getSelection();
  return !selection.isCollapsed && region.contains(selection.anchorNode);
}

/** Keeps what the reader did: what is open, what has the focus, how far boxes are scrolled. */
function replace(region, html) {
  const opened = [...region.querySelectorAll('details[open]')].map(({ id }) => id);
  const scrolled = [...region.querySelectorAll('.scroll')].map((box) => box.scrollLeft);
  const focused = region.contains(document.activeElement)
    ? signOf(region, document.activeElement)
    : undefined;
  region.innerHTML = html;
  for (const id of opened) document.getElementById(id)?.setAttribute('open', '');
  for (const [at, box] of region.querySelectorAll('.scroll').entries())
    box.scrollLeft = scrolled[at] ?? 0;
  if (focused !== undefined) focusAgain(region, focused);
}

const FOCUSABLE = 'a, button, summary, [tabindex]';

function signOf(region, element) {
  const at = [...region.querySelectorAll(FOCUSABLE)].indexOf(element);
  return { at, href: element.getAttribute('href') };
}

function focusAgain(region, { at, href }) {
  const all = [...region.querySelectorAll(FOCUSABLE)];
  const same = href === null ? all[at] : all.find((one) => one.getAttribute('href') === href);
  same?.focus({ preventScroll: true });
}

/** Times are written in UTC. A mouse over one shows it in the reader's time zone. */
function showOwnTimes() {
  const zone = document.getElementById('zone');
  zone.textContent = zone.dataset.pointed;
  const { lang } = document.documentElement;
  document.addEventListener('mouseover', ({ target }) => {
    const element = target.closest('time');
    if (element === null) return;
    const utc = element.dateTime.slice(0, 19).replace('T', ' ');
    const own = new Date(element.dateTime).toLocaleString(lang, { timeZoneName: 'short' });
    element.title = `${utc} UTC\n${own}`;
  });
}

if (matchMedia('(hover: hover)').matches) showOwnTimes();

if (place !== null) {
  document.addEventListener('visibilitychange', () => (document.hidden ? disconnect() : connect()));
  document.addEventListener('focusout', () => setTimeout(showHeld));
  document.addEventListener('selectionchange', () => held.size > 0 && showHeld());
  window.addEventListener('pagehide', disconnect);
  window.addEventListener('pageshow', connect);
  connect();
}
