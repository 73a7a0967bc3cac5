// SPDX-License-Identifier: Apache-2.0
// The flame graph: a canvas in a scrolling element, and its pointer events. It
// shows layers of boxes and reports what happens to them by callbacks.

import { h, reducedMotion } from './dom.js';
import { ROW, depthOf, hit, layOut } from './layout.js';
import { paint, prepare, theme } from './paint.js';

const ZOOM_MS = 180;

export class Flame {
  /**
   * `look`: colorOf, nameOf, noteOf, isDim, isFound, isSelected of a node.
   * `events`: hover, pick, zoom, menu, each with a box of the layout.
   */
  constructor(look, events) {
    this.look = look;
    this.events = events;
    this.layers = [];
    this.boxes = [];
    this.hovered = null;
    this.current = null; // the node that the keyboard is on
    this.pending = 0;
    this.canvas = h('canvas', { 'aria-hidden': 'true' });
    this.spacer = h('div', { class: 'spacer' });
    this.scroller = h('div', { class: 'scroller' }, this.canvas, this.spacer);
    this.el = h('div', { class: 'flame' }, this.scroller);
    this.listen();
  }

  listen() {
    const s = this.scroller;
    s.addEventListener('scroll', () => this.draw());
    s.addEventListener('pointermove', (e) => this.onMove(e));
    s.addEventListener('pointerleave', () => this.setHovered(null));
    s.addEventListener('click', (e) => this.onClick(e));
    s.addEventListener('contextmenu', (e) => this.onMenu(e));
    s.addEventListener('wheel', (e) => this.onWheel(e), { passive: false });
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(s);
  }

  destroy() {
    this.observer.disconnect();
    cancelAnimationFrame(this.pending);
  }

  /** Shows layers; with `isUp` the bottom of them. */
  show(layers, isUp) {
    this.layers = layers;
    this.isUp = isUp;
    this.measure();
    if (isUp) this.scroller.scrollTop = this.scroller.scrollHeight;
    this.draw();
  }

  /** Counts the rows. All layers start at one row and grow up or down from it. */
  measure() {
    const ups = this.layers.filter((l) => l.up);
    const downs = this.layers.filter((l) => !l.up);
    const above = Math.max(0, ...ups.map((l) => depthOf(l.root)));
    const below = Math.max(0, ...downs.map((l) => depthOf(l.root)));
    for (const layer of this.layers) layer.row = above;
    this.rows = above + below + 1;
    this.spacer.style.height = this.rows * ROW + 12 + 'px';
  }

  size() {
    return {
      width: this.scroller.clientWidth,
      height: this.scroller.clientHeight,
    };
  }

  draw() {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.drawNow();
    });
  }

  drawNow() {
    const size = this.size();
    if (size.width === 0 || this.layers.length === 0) return;
    const ctx = prepare(this.canvas, size.width, size.height);
    const top = this.scroller.scrollTop;
    const rows = [Math.floor(top / ROW) - 1,
      Math.ceil((top + size.height) / ROW) + 1];
    this.boxes = [];
    for (const layer of this.layers) {
      this.boxes.push(...layOut(layer, size.width, rows));
    }
    const above = this.ancestors();
    paint(ctx, this.boxes, size, top, {
      ...this.look,
      colors: this.colors || (this.colors = theme(this.el)),
      isAbove: (node) => above.has(node),
      isHovered: (node) => this.isSamePlace(node),
      isCurrent: (node) => node === this.current && this.hasFocus,
      hoveredBox: (box) => this.hovered && this.hovered.isStripe &&
        this.hovered.node === box.node,
    });
  }

  forgetColors() {
    this.colors = null;
    this.draw();
  }

  isSamePlace(node) {
    const place = this.hovered && !this.hovered.isStripe
      ? this.hovered.node.place : this.hoveredPlace;
    return place !== undefined && node.place === place && place >= 0;
  }

  ancestors() {
    const set = new Set();
    for (const layer of this.layers) {
      for (let at = layer.focus.parent; at; at = at.parent) set.add(at);
    }
    return set;
  }

  /** The box below a pointer. */
  boxAt(event) {
    const rect = this.scroller.getBoundingClientRect();
    const row = Math.floor(
      (event.clientY - rect.top + this.scroller.scrollTop - 4) / ROW);
    return hit(this.boxes, event.clientX - rect.left, row);
  }

  setHovered(box) {
    const before = this.hovered;
    if (before === box || (before && box && before.node === box.node &&
        before.isStripe === box.isStripe)) {
      return;
    }
    this.hovered = box;
    this.scroller.style.cursor = box ? 'pointer' : '';
    this.events.hover(box);
    this.draw();
  }

  /** Marks the boxes of a place that is hovered elsewhere. */
  setHoveredPlace(place) {
    if (this.hoveredPlace !== place) {
      this.hoveredPlace = place;
      this.draw();
    }
  }

  onMove(event) {
    if (event.pointerType !== 'touch') this.setHovered(this.boxAt(event));
  }

  onClick(event) {
    const box = this.boxAt(event);
    if (!box) return;
    this.events.pick(box);
    this.zoomTo(box.layer, box.node, box.isStripe ? [box.from, box.to] : null);
  }

  onMenu(event) {
    const box = this.boxAt(event);
    if (box && !box.isStripe) {
      event.preventDefault();
      this.events.menu(box, event.clientX, event.clientY);
    }
  }

  /** The wheel zooms at the pointer with Ctrl held; sideways it moves the view. */
  onWheel(event) {
    const layer = this.layers[this.layers.length - 1];
    if (!layer || (!event.ctrlKey && Math.abs(event.deltaX) <=
        Math.abs(event.deltaY) && !event.shiftKey)) {
      return;
    }
    event.preventDefault();
    const rect = this.scroller.getBoundingClientRect();
    const span = layer.to - layer.from;
    const full = [layer.root.x, layer.root.x + layer.root.w];
    let from = layer.from;
    let to = layer.to;
    if (event.ctrlKey) {
      const at = (event.clientX - rect.left) / rect.width;
      const factor = Math.exp(event.deltaY * 0.002);
      const next = Math.min(span * factor, full[1] - full[0]);
      from = layer.from + (span - next) * at;
      to = from + next;
    } else {
      const delta = (event.deltaX || event.deltaY) / rect.width * span;
      from += delta;
      to += delta;
    }
    if (from < full[0]) [from, to] = [full[0], to + full[0] - from];
    if (to > full[1]) [from, to] = [from - (to - full[1]), full[1]];
    layer.from = Math.max(from, full[0]);
    layer.to = to;
    this.draw();
    clearTimeout(this.wheelTimer);
    this.wheelTimer = setTimeout(() => this.events.moved(layer), 200);
  }

  /** Zooms to a box, or to a range of its children. */
  zoomTo(layer, node, range) {
    const [from, to] = range || [node.x, node.x + node.w];
    layer.focus = node;
    this.events.zoom(layer, node, range);
    if (reducedMotion() || !this.scroller.isConnected) {
      layer.from = from;
      layer.to = to;
      this.draw();
      return;
    }
    this.animate(layer, from, to);
  }

  animate(layer, from, to) {
    const start = performance.now();
    const [from0, to0] = [layer.from, layer.to];
    const step = (now) => {
      const t = Math.min(1, (now - start) / ZOOM_MS);
      const e = 1 - (1 - t) ** 3;
      // Widths change by factors, so that the speed looks even.
      const span = (to0 - from0) * ((to - from) / (to0 - from0)) ** e;
      const at = t === 1 ? 1
        : Math.abs(to - from - (to0 - from0)) < 1e-9 ? e
          : (span - (to0 - from0)) / (to - from - (to0 - from0));
      layer.from = from0 + (from - from0) * at;
      layer.to = t === 1 ? to : layer.from + span;
      this.drawNow();
      if (t < 1 && this.animation === step) requestAnimationFrame(step);
    };
    this.animation = step;
    requestAnimationFrame(step);
  }

  /** Scrolls a node to the middle. */
  center(layer, node) {
    const s = this.scroller;
    s.scrollTop = (layer.rowOf(node) + 0.5) * ROW - s.clientHeight * 0.5;
    this.draw();
  }

  /** Scrolls a node into sight. */
  reveal(layer, node) {
    const y = layer.rowOf(node) * ROW;
    const s = this.scroller;
    if (y < s.scrollTop) s.scrollTop = Math.max(0, y - ROW);
    else if (y + 2 * ROW > s.scrollTop + s.clientHeight) {
      s.scrollTop = y + 2 * ROW - s.clientHeight;
    }
    const inSight = node.x + node.w > layer.from && node.x < layer.to &&
      node.w / (layer.to - layer.from) > 0.002;
    if (!inSight) this.zoomTo(layer, node.parent || node, null);
    this.draw();
  }
}
