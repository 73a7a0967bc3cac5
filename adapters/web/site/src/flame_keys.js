// SPDX-License-Identifier: Apache-2.0
// The flame graph by keyboard: a tree of elements that assistive technology
// reads, moved through by arrow keys. Only the current box, its ancestors,
// siblings and children have elements.

import { h, replace } from './dom.js';

const MOST = 40;

export class FlameTree {
  constructor(flame, describe, events) {
    this.flame = flame;
    this.describe = describe;
    this.events = events;
    this.id = 0;
    this.el = h('div', {
      class: 'tree', role: 'tree', tabindex: '0',
      'aria-label': 'Flame graph. Arrow keys move, Enter zooms, Escape goes back.',
      onkeydown: (e) => this.onKey(e),
      onfocus: () => this.onFocus(true),
      onblur: () => this.onFocus(false),
    });
    flame.el.append(this.el);
  }

  onFocus(has) {
    this.flame.hasFocus = has;
    if (has && !this.flame.current) this.goTo(this.layer().focus);
    this.flame.draw();
  }

  layer() {
    const layers = this.flame.layers;
    return this.current || layers[layers.length - 1];
  }

  /** Resets the current box when other boxes are shown. */
  reset() {
    this.current = null;
    this.flame.current = null;
    replace(this.el, h('div', {
      role: 'treeitem', 'aria-level': 1, 'aria-selected': 'false',
      text: this.flame.layers.length
        ? this.describe(this.flame.layers[0].root) : 'empty',
    }));
    this.el.removeAttribute('aria-activedescendant');
  }

  goTo(node) {
    const layer = this.layer();
    this.current = layer;
    this.flame.current = node;
    this.flame.reveal(layer, node);
    this.render(node);
    this.events.move({ layer, node, isStripe: false });
  }

  item(node, index, count, isCurrent) {
    return h('div', {
      role: 'treeitem', id: isCurrent ? `box-${++this.id}` : undefined,
      'aria-level': node.depth + 1,
      'aria-posinset': index + 1, 'aria-setsize': count,
      'aria-selected': String(isCurrent),
      'aria-expanded': node.kids.length ? String(isCurrent) : undefined,
      text: this.describe(node),
    });
  }

  render(node) {
    const items = [];
    for (let at = node.parent; at; at = at.parent) {
      items.unshift(this.item(at, 0, 1, false));
    }
    const siblings = node.parent ? node.parent.kids : [node];
    const index = siblings.indexOf(node);
    const from = Math.max(0, index - MOST / 2);
    for (const [i, one] of siblings.slice(from, from + MOST).entries()) {
      items.push(this.item(one, from + i, siblings.length, one === node));
      if (one === node) {
        items.push(...node.kids.slice(0, MOST).map((kid, k) =>
          this.item(kid, k, node.kids.length, false)));
      }
    }
    replace(this.el, items);
    this.el.setAttribute('aria-activedescendant', `box-${this.id}`);
  }

  sibling(node, step) {
    const siblings = node.parent ? node.parent.kids : [node];
    return siblings[siblings.indexOf(node) + step];
  }

  onKey(event) {
    const node = this.flame.current || this.layer().focus;
    const deeper = this.layer().up ? 'ArrowUp' : 'ArrowDown';
    const higher = this.layer().up ? 'ArrowDown' : 'ArrowUp';
    let next;
    switch (event.key) {
      case deeper: next = node.kids[0]; break;
      case higher: next = node.parent; break;
      case 'ArrowLeft': next = this.sibling(node, -1); break;
      case 'ArrowRight': next = this.sibling(node, 1); break;
      case 'Home': next = this.layer().root; break;
      case 'Enter':
      case ' ':
        this.events.pick({ layer: this.layer(), node, isStripe: false });
        this.flame.zoomTo(this.layer(), node, null);
        event.preventDefault();
        return;
      case 'ContextMenu': {
        const rect = this.flame.el.getBoundingClientRect();
        this.events.menu({ layer: this.layer(), node }, rect.left + 40,
          rect.top + 40);
        event.preventDefault();
        return;
      }
      default: return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (next) this.goTo(next);
  }
}
