// SPDX-License-Identifier: Apache-2.0
// Makes elements without markup in strings, so that text is always text.

/** Makes an element. `props`: attributes, `on*` handlers, `class`, `text`. */
export function h(tag, props, ...children) {
  const el = tag.startsWith('svg:')
    ? document.createElementNS('http://www.w3.org/2000/svg', tag.slice(4))
    : document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) el.addEventListener(key.slice(2), value);
    else if (key === 'text') el.textContent = value;
    else if (key === 'value') el.value = value;
    else if (key === 'vars') {
      for (const [name, v] of Object.entries(value)) {
        el.style.setProperty(name, v);
      }
    } else el.setAttribute(key, value === true ? '' : value);
  }
  add(el, children);
  return el;
}

/** Appends children; flattens lists, skips null, undefined and false. */
export function add(el, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) {
      el.append(child);
    }
  }
  return el;
}

export function replace(el, ...children) {
  el.replaceChildren();
  return add(el, children);
}

/** A select whose options are [value, text] pairs. */
export function select(label, options, value, onchange) {
  const el = h('select', {
    'aria-label': label,
    title: label,
    onchange: () => onchange(el.value),
  }, options.map(([v, text]) =>
    h('option', { value: v, selected: v === value }, text)));
  el.value = value;
  return el;
}

export const reducedMotion = () =>
  matchMedia('(prefers-reduced-motion: reduce)').matches;
