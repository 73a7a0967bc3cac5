// SPDX-License-Identifier: Apache-2.0
// The call graph, which can be moved and zoomed. At first its text is readable
// and the heaviest path in the middle.

import { layoutUrl } from './api.js';
import { h, replace, select } from './dom.js';
import { placeGraph, readPlain } from './graph_layout.js';
import { middle } from './names.js';

const GAP = 24;

export class GraphView {
  constructor(app) {
    this.app = app;
    this.viewport = h('svg:g', {});
    this.canvas = h('svg:svg', { class: 'graph', tabindex: '0', role: 'application',
      'aria-label': 'Call graph. Arrow keys move from node to node, plus and minus zoom, 0 fits.' }, this.viewport);
    this.note = h('span', { class: 'dim' });
    const button = (text, label, run) => h('button', { text, 'aria-label': label, title: label, onclick: run });
    this.tools = h('div', { class: 'tools' },
      button('+', '+ larger', () => this.zoomBy(1.25)), button('−', '− smaller', () => this.zoomBy(0.8)),
      button('Fit', 'Fit all of it', () => this.fit()), button('1:1', '1:1, readable size', () => this.readable()),
      select('Nodes', [['', '80 nodes'], ['20', '20 nodes'], ['40', '40 nodes'], ['200', '200 nodes']],
        app.state.params.n || '', (n) => app.setParams({ n })),
      this.note);
    this.el = h('section', { class: 'pane', 'aria-label': 'Call graph' }, this.tools, this.canvas);
    this.offs = [app.on(['selected', 'found'], () => this.mark()), app.on(['painted'], () => this.draw())];
    this.listen();
    this.show();
  }

  destroy() {
    this.offs.forEach((off) => off());
  }

  async show() {
    const { graph } = this.app.doc;
    if (!graph) return;
    this.graph = graph;
    this.layout = graph.layout ? readPlain(graph) : await placeGraph(graph, layoutUrl);
    if (this.graph !== graph) return;
    const more = graph.droppedNodes + Math.max(0, graph.candidates - graph.nodes.length);
    this.note.textContent = `${graph.nodes.length} nodes, ${graph.edges.length} calls` +
      (more ? ` · ${more} lighter nodes are left out` : '');
    this.draw();
    requestAnimationFrame(() => this.readable());
  }

  attached() {
    if (this.layout) this.readable();
  }

  draw() {
    if (!this.layout) return;
    const { graph, layout } = this;
    const heaviest = graph.edges.reduce((max, e) => Math.max(max, Math.abs(e[2])), 1);
    replace(this.viewport, h('svg:g', {}, graph.edges.map((edge, i) => this.edge(edge, layout.edges[i], heaviest))),
      h('svg:g', {}, graph.nodes.map((node, i) => this.node(node, layout.nodes[i], i))));
    this.mark();
  }

  edge([from, to, weight, isResidual, isInline], points, heaviest) {
    if (!points && from === to) return null;
    points ||= this.straight(from, to);
    const { format } = this.app;
    const width = 1 + 5 * Math.abs(weight) / heaviest;
    const [start, ...rest] = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`);
    const last = points[points.length - 1];
    const before = points.slice().reverse().find(([x, y]) => x !== last[0] || y !== last[1]) || points[0];
    const angle = Math.atan2(last[1] - before[1], last[0] - before[0]) * 180 / Math.PI;
    const { nodes } = this.graph;
    const label = `${nodes[from].name} → ${nodes[to].name}: ${format.value(weight)}${isInline ? ', inlined' : ''}${isResidual ? ', over nodes that are left out' : ''}`;
    const at = points[Math.floor(points.length / 2)];
    const isLight = Math.abs(weight) < 0.01 * (this.app.meta.total || 1);
    return h('svg:g', { class: 'edge' + (isLight ? ' light' : ''), 'data-from': from, 'data-to': to,
      vars: { opacity: (0.45 + 0.55 * Math.abs(weight) / heaviest).toFixed(2) } }, h('svg:title', { text: label }),
      h('svg:path', { d: `M${start}C${rest.join(' ')}`, 'stroke-width': width.toFixed(1), 'stroke-dasharray': isResidual ? '3 3' : null }),
      h('svg:path', { class: 'head', d: 'M-8,-4L0,0L-8,4Z', transform: `translate(${last[0]},${last[1]}) rotate(${angle})` }),
      h('svg:text', { x: at[0] + 5, y: at[1] + 4, text: format.value(weight) }));
  }

  /** Light calls, which are not in the layout, are straight lines. */
  straight(from, to) {
    const [a, b] = [this.layout.nodes[from], this.layout.nodes[to]];
    const half = Math.sign(b.y - a.y) * this.graph.height / 2;
    const [start, end] = [[a.x, a.y + half], [b.x, b.y - half]];
    return [start, start, end, end];
  }

  node(node, place, index) {
    const { format, palette, meta } = this.app;
    const [x, y] = [place.x - node.width / 2, place.y - this.graph.height / 2];
    const share = Math.abs(node.flat) / (meta.total || 1);
    const fill = meta.signed ? palette.change({ w: Math.abs(node.cum) || 1, after: Math.max(node.cum, 0), before: Math.max(-node.cum, 0) }) : palette.heat(share);
    const text = `${format.value(node.flat)} of ${format.value(node.cum)} (${format.percent(node.cum)})`;
    return h('svg:g', { class: 'node', 'data-index': index, transform: `translate(${x},${y})` },
      h('svg:title', { text: `${node.name}\nself ${format.value(node.flat)}, total ${format.value(node.cum)}` }),
      h('svg:rect', { width: node.width, height: this.graph.height, rx: 4, vars: { fill } }),
      h('svg:text', { x: node.width / 2, y: 18, class: 'name', text: middle(node.short, Math.floor((node.width - 14) / 7.3)) }),
      h('svg:text', { x: node.width / 2, y: 34, text: middle(text, Math.floor((node.width - 8) / 6.1)) }));
  }

  mark() {
    const { selected, found } = this.app.state;
    const names = found && new Set([...found.places].map((id) => this.app.places.get(id)?.name));
    for (const el of this.viewport.querySelectorAll('.node')) {
      const node = this.graph.nodes[el.dataset.index];
      el.classList.toggle('selected', node.name === selected);
      el.classList.toggle('found', Boolean(names && names.has(node.name)));
      el.classList.toggle('faded', Boolean(names && names.size && !names.has(node.name)));
    }
    const index = this.graph ? this.graph.nodes.findIndex((n) => n.name === selected) : -1;
    for (const el of this.viewport.querySelectorAll('.edge')) {
      el.classList.toggle('near', Number(el.dataset.from) === index || Number(el.dataset.to) === index);
    }
  }

  // ---- Moving and zooming ----

  apply() {
    const { k, x, y } = this.at;
    this.viewport.setAttribute('transform', `translate(${x},${y}) scale(${k})`);
  }

  size() {
    return [this.canvas.clientWidth || 1, this.canvas.clientHeight || 1];
  }

  fit() {
    const [w, hgt] = this.size();
    const k = Math.min(w / (this.layout.width + 2 * GAP), hgt / (this.layout.height + 2 * GAP), 2);
    this.at = { k, x: (w - this.layout.width * k) / 2, y: GAP * k };
    this.apply();
  }

  /** Shows text at its normal size, with the heaviest path in the middle. */
  readable() {
    if (!this.layout || !this.layout.nodes.length) return;
    const [w, hgt] = this.size();
    const isSmall = this.layout.width < w && this.layout.height < hgt;
    const path = this.hotPath();
    const x = path.reduce((sum, i) => sum + this.layout.nodes[i].x, 0) / path.length;
    const top = Math.min(...path.map((i) => this.layout.nodes[i].y));
    this.at = { k: 1, x: w / 2 - (isSmall ? this.layout.width / 2 : x), y: GAP + this.graph.height / 2 - top };
    this.apply();
  }

  /** The path from the heaviest root along the heaviest calls. */
  hotPath() {
    const { nodes, edges } = this.graph;
    let at = nodes.reduce((best, n, i) => (Math.abs(n.cum) > Math.abs(nodes[best].cum) ? i : best), 0);
    const path = [at];
    while (path.length < 8) {
      const next = edges.filter((e) => e[0] === at && !path.includes(e[1])).sort((a, b) => Math.abs(b[2]) - Math.abs(a[2]))[0];
      if (!next) break;
      [, at] = next;
      path.push(at);
    }
    return path;
  }

  zoomBy(factor, cx, cy) {
    const [w, hgt] = this.size();
    const [px, py] = [cx ?? w / 2, cy ?? hgt / 2];
    const k = Math.min(4, Math.max(0.05, this.at.k * factor));
    const f = k / this.at.k;
    this.at = { k, x: px - (px - this.at.x) * f, y: py - (py - this.at.y) * f };
    this.apply();
  }

  reset() {
    this.fit();
  }

  listen() {
    const s = this.canvas;
    const pointers = new Map();
    s.addEventListener('pointerdown', (e) => { pointers.set(e.pointerId, e); this.moved = 0; });
    s.addEventListener('pointermove', (e) => {
      const last = pointers.get(e.pointerId);
      if (!last) return;
      pointers.set(e.pointerId, e);
      if (pointers.size === 2) {
        const [a, b] = [...pointers.values()];
        const other = a === e ? b : a;
        const before = Math.hypot(last.clientX - other.clientX, last.clientY - other.clientY);
        const rect = s.getBoundingClientRect();
        this.zoomBy(Math.hypot(e.clientX - other.clientX, e.clientY - other.clientY) / (before || 1),
          (e.clientX + other.clientX) / 2 - rect.left, (e.clientY + other.clientY) / 2 - rect.top);
        return;
      }
      this.moved += Math.abs(e.clientX - last.clientX) + Math.abs(e.clientY - last.clientY);
      if (this.moved > 3 && !s.hasPointerCapture(e.pointerId)) s.setPointerCapture(e.pointerId);
      this.at.x += e.clientX - last.clientX;
      this.at.y += e.clientY - last.clientY;
      this.apply();
    });
    for (const type of ['pointerup', 'pointercancel']) s.addEventListener(type, (e) => pointers.delete(e.pointerId));
    s.addEventListener('wheel', (e) => {
      e.preventDefault();
      const rect = s.getBoundingClientRect();
      this.zoomBy(Math.exp(-e.deltaY * 0.0015), e.clientX - rect.left, e.clientY - rect.top);
    }, { passive: false });
    s.addEventListener('click', (e) => {
      const el = e.target.closest?.('.node');
      if (el && this.moved < 4) this.app.select(this.graph.nodes[el.dataset.index].name);
    });
    s.addEventListener('contextmenu', (e) => this.onMenu(e));
    s.addEventListener('pointerover', (e) => {
      const el = e.target.closest?.('.node');
      const place = el && this.app.places.find(this.graph.nodes[el.dataset.index].name);
      this.app.hover(place ? { place: place.id } : null);
    });
    s.addEventListener('keydown', (e) => this.onKey(e));
  }

  async onMenu(event) {
    const el = event.target.closest?.('.node');
    if (!el) return;
    event.preventDefault();
    const place = await this.app.findPlace(this.graph.nodes[el.dataset.index].name);
    if (place) this.app.menu({ place: place.id }, event.clientX, event.clientY);
  }

  /** The nearest node in a direction. */
  onKey(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === '+' || event.key === '-') this.zoomBy(event.key === '+' ? 1.25 : 0.8);
    else if (way) this.step(way);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  step([dx, dy]) {
    const { nodes } = this.layout;
    const index = Math.max(0, this.graph.nodes.findIndex((n) => n.name === this.app.state.selected));
    const from = nodes[index];
    const best = nodes.map((n, i) => ({ i, x: n.x - from.x, y: n.y - from.y }))
      .filter((n) => n.i !== index && n.x * dx + n.y * dy > 1)
      .map((n) => ({ i: n.i, d: Math.abs(n.x * dx + n.y * dy) + 2 * Math.abs(n.x * dy) + 2 * Math.abs(n.y * dx) }))
      .sort((a, b) => a.d - b.d)[0];
    if (best) this.revealNode(best.i);
  }

  revealNode(index) {
    const [w, hgt] = this.size();
    const node = this.layout.nodes[index];
    this.at.x = w / 2 - node.x * this.at.k;
    this.at.y = hgt / 2 - node.y * this.at.k;
    this.apply();
    this.app.select(this.graph.nodes[index].name);
  }

  revealPlace(places, index) {
    const names = new Set([...places].map((id) => this.app.places.get(id)?.name));
    const hits = this.graph.nodes.map((n, i) => [n, i]).filter(([n]) => names.has(n.name));
    if (!hits.length) return 0;
    this.revealNode(hits[((index % hits.length) + hits.length) % hits.length][1]);
    return hits.length;
  }

  svg() {
    const copy = this.canvas.cloneNode(true);
    const { width, height } = this.layout;
    copy.setAttribute('viewBox', `${-GAP} ${-GAP} ${width + 2 * GAP} ${height + 2 * GAP}`);
    copy.querySelector('g').removeAttribute('transform');
    const style = h('svg:style', { text: 'text{font:12px monospace;text-anchor:middle}.edge text{font-size:10px;text-anchor:start}path{fill:none;stroke:#888}.head{fill:#888}' });
    copy.prepend(style);
    return new XMLSerializer().serializeToString(copy);
  }
}
