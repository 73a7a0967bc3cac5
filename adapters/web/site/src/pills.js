// SPDX-License-Identifier: Apache-2.0
// The line of filters: a pill with a cross for each, and the share of the
// profile that remains.

import { options, pillKeys } from './address.js';
import { h, replace } from './dom.js';
import { makeLiveState } from './live.js';

export function makePills(app) {
  const el = h('div', { class: 'pills', 'aria-label': 'Filters', role: 'region' });

  function pill([key, label]) {
    const value = app.state.params[key];
    if (!value || !pillKeys.includes(key)) return null;
    return h('span', { class: 'pill' }, h('b', { text: label }), h('code', { text: value, title: value }),
      h('button', { 'aria-label': `Remove ${label} ${value}`, text: '×', onclick: () => app.setParams({ [key]: '' }) }));
  }

  function shown() {
    const { meta, format } = app;
    if (!meta) return null;
    if (meta.compared) {
      return h('span', {}, `${format.value(meta.less)} before, ${format.value(meta.more)} after, `,
        h('b', { text: `${format.signed(meta.more - meta.less)}` }),
        durations());
    }
    const value = meta.more + meta.less;
    return h('span', {}, 'shows ', h('b', { text: format.value(value) }), ` of ${format.value(meta.total)} `,
      `(${format.percent(value, meta.total)})`, durations());
  }

  function durations() {
    const ns = app.profile?.durationNs;
    return ns ? ` · over ${+(ns / 1e9).toFixed(2)}\u202fs` : '';
  }

  function draw() {
    const pills = options.map(pill).filter(Boolean);
    const notes = app.doc?.notes || [];
    replace(el, pills,
      app.undo?.length ? h('button', { class: 'link', text: 'undo', title: 'Undo the last change (z)', onclick: () => app.undoParams() }) : null,
      shown(),
      notes.map((note) => h('span', { class: 'note', role: 'status', text: note })),
      h('span', { class: 'gap' }), makeLiveState(app));
  }

  app.on(['doc', 'params', 'live'], draw);
  draw();
  return el;
}
