// SPDX-License-Identifier: Apache-2.0
// The legend of colours. A click highlights one category, a double or right
// click makes it a filter.

import { h, replace } from './dom.js';
import { openMenu } from './menu.js';
import { quote } from './names.js';

/** A regular expression for the functions of a category, or null. */
function filterOf(mode, category) {
  if (/^\(/.test(category)) return null;
  switch (mode) {
    case 'package': return category.startsWith('[') ? quote(category)
      : `(^|[ *&])${quote(category)}(::|\\.)`;
    case 'file':
    case 'object': return `(^|/)${quote(category)}$`;
    default: return null;
  }
}

function scale(app, from, to, text) {
  const { palette } = app;
  const stops = palette.mode === 'diff'
    ? [[0, 1], [0.25, 0.75], [0.5, 0.5], [0.75, 0.25], [1, 0]].map(([after, before]) =>
      palette.change({ w: 1, after, before }))
    : [0, 0.02, 0.08, 0.16, 0.25].map((share) => palette.heat(share));
  return [h('span', { class: 'dim', text: from }),
    stops.map((color) => h('span', { class: 'chip wide', vars: { '--chip': color } })),
    h('span', { class: 'dim', text: to }),
    h('span', { class: 'dim end', text })];
}

export function makeLegend(el, app) {
  const { palette, format, meta } = app;
  el.hidden = !palette;
  if (!palette) return;
  if (palette.mode === 'diff') {
    replace(el, scale(app, 'less', 'more', 'a box is as wide as before and after together'));
    return;
  }
  if (palette.mode === 'heat') {
    replace(el, scale(app, 'none', 'much', 'own weight, of all'));
    return;
  }
  const total = meta.more + meta.less || 1;
  replace(el, palette.legend.slice(0, 10).map(({ category, weight, color }) => h('button', {
    class: 'key', 'aria-pressed': String(app.state.category === category),
    title: `${format.value(weight)} of own weight; click: only these, double click: as a filter`,
    ondblclick: () => filterOf(palette.mode, category) && app.setParams({ f: filterOf(palette.mode, category) }),
    oncontextmenu: (event) => {
      const filter = filterOf(palette.mode, category);
      if (!filter) return;
      event.preventDefault();
      openMenu([{ text: 'Focus on these', run: () => app.setParams({ f: filter }) },
        { text: 'Ignore these', run: () => app.setParams({ i: filter }) },
        { text: 'Hide these frames', run: () => app.setParams({ h: filter }) }], event.clientX, event.clientY, category);
    },
    onclick: (event) => {
      const next = app.state.category === category ? null : category;
      for (const key of el.children) {
        key.setAttribute('aria-pressed', String(next !== null && key === event.currentTarget));
      }
      app.set({ category: next });
    },
  }, h('span', { class: 'chip', vars: { '--chip': color } }), category,
  h('span', { class: 'dim', text: ` ${format.percent(weight, total)}` }))));
}
