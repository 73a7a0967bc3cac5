// SPDX-License-Identifier: Apache-2.0
// The line that shows which box the flame graph is zoomed to, with links back.

import { h, replace } from './dom.js';
import { pathOf } from './model.js';
import { shorten } from './names.js';

/** Fills the line of a flame view for one of its layers. */
export function drawCrumbs(view, layer) {
  const { sandwich } = view.app.state;
  const path = layer ? pathOf(layer.focus) : [];
  const items = [];
  if (sandwich) {
    items.push(h('span', { class: 'dim', text: 'callers and callees of' }),
      h('b', { text: shorten(sandwich, '', 60), title: sandwich }),
      h('button', { class: 'link', text: 'whole graph', onclick: () => {
        view.app.set({ sandwich: null });
        view.app.writeAddress();
      } }));
  }
  if (path.length) {
    items.push(h('button', { class: 'link', text: 'all', onclick: () => view.reset() }));
    const shown = path.length > 6 ? [...path.slice(0, 2), null, ...path.slice(-3)] : path;
    for (const node of shown) {
      items.push(h('span', { class: 'dim', 'aria-hidden': 'true', text: '›' }));
      items.push(node ? h('button', {
        class: 'link', title: view.nameOf(node),
        text: shorten(view.nameOf(node), node.parent ? view.nameOf(node.parent) : '', 30),
        onclick: () => view.flame.zoomTo(layer, node, null),
      }) : h('span', { class: 'dim', text: `${path.length - 5} more` }));
    }
  }
  view.crumbs.hidden = items.length === 0;
  replace(view.crumbs, items);
}
