// SPDX-License-Identifier: Apache-2.0
// The line at the bottom: details of the box or row under the pointer, or else
// of the selected one.

import { h, replace } from './dom.js';
import { signedPercent } from './format.js';
import { baseName } from './names.js';

function item(label, value, title) {
  return h('span', { class: 'item', title }, h('span', { class: 'dim', text: label }), ' ', value);
}

function where(place) {
  const parts = [];
  if (place.file) parts.push(item('at', baseName(place.file) + (place.line ? `:${place.line}` : ''), place.file));
  if (place.object) parts.push(item('in', baseName(place.object), place.object));
  return parts;
}

export function makeDetails(app) {
  const el = h('footer', { class: 'details' });
  const toast = h('div', { class: 'toast', role: 'status', hidden: true });
  let timer = 0;

  function stripe(box) {
    const { format, meta } = app;
    return [h('b', { text: `${box.count} smaller` }), item('together', format.value(box.weight)),
      item('of all', format.percent(box.weight, meta.more + meta.less)), h('span', { class: 'dim', text: 'click to open' })];
  }

  function compared(before, after) {
    const { format } = app;
    return [item('before', format.value(before)), item('after', format.value(after)),
      item('change', `${format.signed(after - before)} (${before ? signedPercent((after - before) / before) : 'new'})`)];
  }

  function box({ node }) {
    const { format, meta } = app;
    const place = node.place >= 0 ? app.places.get(node.place) : null;
    const name = h('b', { class: 'fn', text: place ? place.name : 'all stacks', title: place?.name });
    if (meta.compared) return [name, compared(node.before, node.after), place ? where(place) : null];
    return [name,
      item('self', `${format.value(node.self)} (${format.percent(node.self)})`, format.exact(node.self)),
      item('total', `${format.value(node.cum)} (${format.percent(node.cum)})`, format.exact(node.cum)),
      node.parent ? item('of its caller', format.percent(node.cum, node.parent.cum)) : null,
      place ? where(place) : null, node.inline ? h('span', { class: 'mark', text: 'inlined' }) : null,
      node.repeat > 1 ? h('span', { class: 'mark', text: `folds up to ${node.repeat} calls` }) : null];
  }

  function row(id) {
    const { format, meta } = app;
    const place = app.places.get(id);
    const found = app.rows?.find((r) => r.place === id);
    if (!place) return null;
    const name = h('b', { class: 'fn', text: place.name, title: place.name });
    if (!found) return [name, where(place)];
    if (meta.compared) return [name, compared(found.cumBefore, found.cum + found.cumBefore), where(place)];
    return [name, item('self', `${format.value(found.flat)} (${format.percent(found.flat)})`, format.exact(found.flat)),
      item('total', `${format.value(found.cum)} (${format.percent(found.cum)})`, format.exact(found.cum)), where(place),
      found.inline ? h('span', { class: 'mark', text: found.inline === 2 ? 'inlined' : 'partly inlined' }) : null];
  }

  function hints() {
    return h('span', { class: 'hints' }, [['↑↓←→', 'move'], ['Enter', 'zoom'], ['Esc', 'back'], ['/', 'search'], ['?', 'keys']]
      .map(([key, text]) => h('span', {}, h('kbd', { text: key }), ' ', text)));
  }

  function draw() {
    const { hovered, selected } = app.state;
    if (!app.meta) return;
    let content = null;
    if (hovered?.box?.isStripe) content = stripe(hovered.box);
    else if (hovered?.box) content = box(hovered.box);
    else if (hovered && hovered.place !== undefined) content = row(hovered.place);
    else if (selected) {
      const place = app.places.find(selected);
      content = place ? row(place.id) : [h('b', { class: 'fn', text: selected })];
    }
    replace(el, content || h('span', { class: 'dim', text: 'Point at a box or a row, or move with the arrow keys.' }),
      h('span', { class: 'gap' }), hovered ? null : hints());
  }

  app.on(['hovered', 'selected', 'doc'], draw);
  app.on(['said'], (state) => {
    toast.textContent = state.said.text;
    toast.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => { toast.hidden = true; }, 4000);
  });
  draw();
  return [el, toast];
}
