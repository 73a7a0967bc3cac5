// SPDX-License-Identifier: Apache-2.0
// Callers and callees of a function, with weights that add up to its own.

import { isFile } from './api.js';
import { h, replace } from './dom.js';
import { shorten } from './names.js';

const MOST = 200;

function list(app, title, calls, whole) {
  const { format, meta } = app;
  const weigh = (i) => (meta.signed ? calls.more[i] - calls.less[i] : calls.more[i]);
  const rows = calls.place.slice(0, MOST).map((id, i) => {
    const place = app.places.get(id);
    return h('li', {}, h('button', {
      class: 'call', title: place.name, vars: { '--share': Math.min(100, Math.abs(weigh(i)) / (whole || 1) * 100) + '%' },
      onclick: () => app.select(place.name),
      oncontextmenu: (e) => { e.preventDefault(); app.menu({ place: id }, e.clientX, e.clientY); },
    }, h('span', { class: 'fn', text: shorten(place.name, '', 70) || place.name }),
    h('span', { class: 'number', text: meta.signed ? format.signed(weigh(i)) : format.value(weigh(i)) }),
    h('span', { class: 'number dim', text: format.percent(weigh(i), whole) })));
  });
  return h('section', { class: 'calls' }, h('h2', { class: 'sub' }, title, h('span', { class: 'dim', text: ` ${calls.place.length}` })),
    rows.length ? h('ul', {}, rows) : h('p', { class: 'dim', text: 'none' }),
    calls.place.length > MOST ? h('p', { class: 'dim', text: `and ${calls.place.length - MOST} more` }) : null);
}

/** Fills `el` with the calls of a function; only the latest request counts. */
export async function showCalls(el, app, name, isOneOfMany) {
  if (!name) {
    replace(el, h('p', { class: 'hint dim', text: 'Select a function to see who calls it and whom it calls.' }));
    return;
  }
  const place = await app.findPlace(name);
  const isStale = () => !isOneOfMany && app.state.selected !== name;
  if (!place || isStale()) return;
  const doc = await app.ask('calls', { place: place.id }).catch(() => null);
  if (!doc || isStale()) return;
  const row = app.rows.find((r) => r.place === place.id);
  const whole = row ? Math.abs(row.cum) : 0;
  const { format } = app;
  replace(el, list(app, 'Callers', doc.calls.callers, whole),
    h('section', { class: 'self' }, h('h2', { text: name, title: name }),
      row ? h('p', {}, h('span', { class: 'dim', text: 'self ' }), format.value(row.flat), ` (${format.percent(row.flat)})`,
        h('span', { class: 'dim', text: '  total ' }), format.value(row.cum), ` (${format.percent(row.cum)})`) : null,
      h('p', {}, h('button', { class: 'link', text: 'in the flame graph', onclick: () => app.sandwich(name) }), ' ',
        place.file && !isFile ? h('button', { class: 'link', text: place.file + (place.line ? `:${place.line}` : ''),
          onclick: () => app.go('source', { file: place.file }) }) : null)),
    list(app, 'Callees', doc.calls.callees, whole));
}
