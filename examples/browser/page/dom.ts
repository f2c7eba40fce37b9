/** The elements of index.html, typed. */

/** @throws Error if index.html has no such element. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`#${id} is missing.`);
  return element;
}

/** A new element with a class and either text or children. */
export function make(
  tag: string,
  className: string,
  content: string | readonly Node[],
): HTMLElement {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...(typeof content === 'string' ? [content] : content));
  return element;
}

/** Sets the text only if it differs: a live region is read out on every change. */
export function say(element: HTMLElement, text: string, isBad = false): void {
  if (element.textContent !== text) element.textContent = text;
  element.classList.toggle('bad', isBad);
}

/** Reads a text out to users of screen readers. */
export function announce(text: string): void {
  say(byId('announcement', HTMLParagraphElement), text);
}

/** Shows or hides. */
export function show(element: HTMLElement, isShown: boolean): void {
  element.hidden = !isShown;
}

/** Calls `listen` on every submit instead of sending the form. */
export function onSubmit(form: HTMLFormElement, listen: () => Promise<void>): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void listen();
  });
}
