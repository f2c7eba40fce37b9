// The API page's script, run by browsers. Everything else on the page works without it.

const base = new URL('.', document.baseURI);
const canTry = document.getElementById('key') !== null;

for (const element of document.querySelectorAll('[data-script]')) element.hidden = false;

// On the client listener the address of the page is the address of the API.
if (canTry) {
  const address = base.href.replace(/\/$/, '');
  for (const code of document.querySelectorAll('[data-curl]')) {
    code.textContent = code.textContent.replace('http://GATEWAY:8080', address);
  }
}

// Below this width the contents would fill the screen.
if (matchMedia('(max-width: 60rem)').matches) {
  document.querySelector('.contents details').open = false;
}

const filter = document.getElementById('filter');
filter.addEventListener('input', () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const group of document.querySelectorAll('[data-group]')) {
    const items = [...group.querySelectorAll('[data-filter]')];
    for (const item of items) item.hidden = !item.dataset.filter.includes(wanted);
    group.hidden = items.every((item) => item.hidden);
  }
});

/** A link to a refusal opens it. */
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
window.addEventListener('hashchange', openTarget);
openTarget();

for (const form of document.querySelectorAll('form[data-path]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send(form);
  });
}

async function send(form) {
  const { method, path } = form.dataset;
  const field = (name) => form.elements.namedItem(name)?.value;
  const button = form.querySelector('button');
  const result = form.querySelector('.result');
  const body = field('body');
  button.disabled = true;
  try {
    const target = path.replace('{appId}', encodeURIComponent(field('appId') ?? ''));
    const response = await fetch(new URL(target, base), {
      method,
      headers: headersOf(body !== undefined, field('headers')),
      body,
      credentials: 'omit',
      redirect: 'error',
    });
    show(result, response, await response.text());
  } catch (error) {
    result.replaceChildren(textIn('p', String(error), 'note'));
  } finally {
    button.disabled = false;
  }
}

function headersOf(hasBody, lines) {
  const headers = new Headers(hasBody ? { 'Content-Type': 'application/json' } : {});
  for (const line of lines.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  const key = document.getElementById('key').value.trim();
  const place = document.getElementById('key-place').value;
  if (key !== '') headers.set(place, place === 'Authorization' ? `Bearer ${key}` : key);
  return headers;
}

function show(result, response, body) {
  const { status, statusText } = response;
  const kind = status < 300 ? 'ok' : status < 500 ? 'bad' : 'failed';
  const line = textIn('p', '');
  line.append(textIn('span', String(status), `status ${kind}`), ` ${statusText}`);
  // The verdict of GEWE, and of refusals in its format.
  const ret = /^\s*\{\s*"ret"\s*:\s*"?(\d+)/.exec(body)?.[1];
  if (ret !== undefined) {
    line.append(' ', textIn('span', `ret ${ret}`, `status ${ret === '200' ? 'ok' : 'bad'}`));
  }
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  result.replaceChildren(line, scrollable(headers), scrollable(body));
}

function scrollable(text) {
  const pre = textIn('pre', text);
  pre.tabIndex = 0;
  return pre;
}

function textIn(tag, text, className = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}
