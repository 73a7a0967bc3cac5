// SPDX-License-Identifier: Apache-2.0
// The first view: a table and a flame graph of the same functions; selecting in
// one selects in the other.

import { columnsFor } from './columns.js';
import { drawCrumbs } from './crumbs.js';
import { h, replace, select } from './dom.js';
import { Flame } from './flame.js';
import { FlameTree } from './flame_keys.js';
import { Layer } from './layout.js';
import { makeLegend } from './legend.js';
import { follow, graft, pathOf, place, readTree } from './model.js';
import { modes } from './palette.js';
import { signedPercent } from './format.js';
import { makeSplit } from './split.js';
import { Table } from './table.js';
import { isFile } from './api.js';

export class FlameView {
  constructor(app) {
    this.app = app;
    this.offs = [];
    this.makeTable();
    this.makeFlame();
    this.crumbs = h('nav', { class: 'crumbs', 'aria-label': 'Zoomed path' });
    this.legend = h('div', { class: 'legend' });
    this.tools = h('div', { class: 'tools' });
    this.right = h('section', { class: 'pane right', 'aria-label': 'Flame graph' },
      this.tools, this.crumbs, this.flame.el, this.legend);
    this.left = h('section', { class: 'pane left', 'aria-label': 'Functions' },
      this.table.el);
    this.el = h('div', { class: 'split' }, this.left,
      makeSplit(this.left, 'evprof.table'), this.right);
    this.follow();
    this.show();
  }

  destroy() {
    this.offs.forEach((off) => off());
    this.flame.destroy();
    this.table.destroy();
  }

  makeTable() {
    const { app } = this;
    this.table = new Table({
      columns: [], label: 'Functions',
      colorOf: (row) => this.chip(row),
      events: {
        pick: (row) => app.select(row.name),
        open: (row) => this.sandwich(row.name),
        hover: (row) => app.hover(row ? { place: row.place } : null),
        menu: (row, x, y) => app.menu({ place: row.place, row }, x, y),
        sort: () => this.wantAllRows(),
      },
    });
    this.table.scroller.addEventListener('scroll', () => this.wantAllRows());
  }

  chip(row) {
    const { palette, places } = this.app;
    if (palette.mode === 'diff') {
      return palette.change({ w: row.cum + 2 * row.cumBefore,
        after: row.cum + row.cumBefore, before: row.cumBefore });
    }
    if (palette.mode === 'heat') {
      return palette.heat(Math.abs(row.flat) / palette.total);
    }
    return palette.mode === 'root' ? 'transparent' : palette.of(places.get(row.place));
  }

  nameOf(node) {
    return node.place < 0 ? 'all' : this.app.places.get(node.place).name;
  }

  /** The note at the right end of a box. */
  repeats(node) {
    return node.repeat > 1 ? `×${node.repeat} ` : '';
  }

  makeFlame() {
    const { app } = this;
    this.flame = new Flame({
      colorOf: (node) => app.palette.box(node, app.places),
      nameOf: (node) => node.place < 0
        ? `all · ${app.format.value(node.cum)}` : this.nameOf(node),
      noteOf: (node) => this.noteOf(node),
      isDim: (node) => this.isDim(node),
      isFound: (node) => app.state.found !== null && app.state.found.places.has(node.place),
      isSelected: (node) => node.place >= 0 && this.nameOf(node) === app.state.selected,
    }, {
      hover: (box) => app.hover(box ? { box } : null),
      pick: (box) => { if (box.node.place >= 0 && !box.isStripe) app.select(this.nameOf(box.node)); },
      zoom: (layer, node, range) => this.onZoom(layer, node, range),
      moved: (layer) => this.refineRange(layer),
      menu: (box, x, y) => app.menu({ place: box.node.place, box }, x, y),
    });
    this.tree = new FlameTree(this.flame, (node) => this.describe(node), {
      pick: (box) => { if (box.node.place >= 0) app.select(this.nameOf(box.node)); },
      move: (box) => app.hover({ box }),
      menu: (box, x, y) => app.menu({ place: box.node.place, box }, x, y),
    });
  }

  isDim(node) {
    const { found, category } = this.app.state;
    if (found && found.places.size > 0) {
      return !found.places.has(node.place);
    }
    if (category) {
      return node.place < 0 ||
        this.app.palette.category(this.app.places.get(node.place)) !== category;
    }
    return false;
  }

  noteOf(node) {
    return this.repeats(node) + this.shareOf(node);
  }

  shareOf(node) {
    const { meta, format } = this.app;
    if (meta.compared) {
      if (node.before === 0) return 'new';
      if (node.after === 0) return 'gone';
      return signedPercent(node.cum / node.before);
    }
    return meta.signed ? format.signed(node.cum) : format.percent(node.cum);
  }

  describe(node) {
    const { format, meta } = this.app;
    const values = meta.compared
      ? `${format.value(node.before)} before, ${format.value(node.after)} after`
      : `${format.value(node.cum)}, ${format.percent(node.cum)}`;
    return `${this.nameOf(node)}, ${values}`;
  }

  follow() {
    const { app } = this;
    this.offs.push(
      app.on(['hovered'], () => this.onHover()),
      app.on(['selected'], () => { this.table.select(app.state.selected, true); this.flame.draw(); }),
      app.on(['found', 'category'], () => this.onFound()),
      app.on(['painted'], () => { this.flame.forgetColors(); this.table.draw(true); this.drawTools(); this.drawLegend(); }),
      app.on(['flip'], () => this.showTree()),
      app.on(['sandwich'], () => this.show()),
      app.on(['tableOpen'], () => this.drawPanes()));
  }

  onHover() {
    const { hovered } = this.app.state;
    const id = !hovered ? undefined
      : hovered.box ? (hovered.box.isStripe ? undefined : hovered.box.node.place) : hovered.place;
    this.table.setHovered(id);
    if (!hovered || !hovered.box) this.flame.setHoveredPlace(id);
  }

  onFound() {
    const { found } = this.app.state;
    this.table.filter(found && found.places.size ? (row) => found.places.has(row.place) : null);
    this.flame.draw();
  }

  // ---- Showing ----

  show() {
    const { app } = this;
    if (app.state.error || !app.meta) return;
    this.rowsAreWhole = app.rows.length >= app.doc.rows?.count;
    this.table.show(app.rows, columnsFor(app, false),
      app.meta.compared ? 'cumChange' : 'flat');
    this.table.select(app.state.selected);
    this.drawTools();
    this.drawLegend();
    this.drawPanes();
    if (app.state.sandwich) this.showSandwich();
    else this.showTree();
  }

  /** Draws at once if the view is in the page. */
  attached() {
    this.flame.drawNow();
  }

  drawPanes() {
    this.el.classList.toggle('closed', !this.app.state.tableOpen);
  }

  showTree() {
    const { app } = this;
    if (app.state.sandwich || !app.doc.flame) return;
    if (this.treeOf !== app.doc) {
      this.root = readTree(app.doc.flame);
      this.treeOf = app.doc;
    }
    const layer = new Layer(this.root, 0, app.state.flip);
    this.flame.show([layer], app.state.flip);
    this.tree.reset();
    const node = follow(this.root, app.state.zoom);
    if (node !== this.root) {
      layer.focus = node;
      layer.from = node.x;
      layer.to = node.x + node.w;
      this.refineZoom(layer, node, null);
    }
    if (app.state.pivot) {
      const pattern = app.state.pivot;
      app.state.pivot = '';
      app.pivotOn(pattern);
    }
    this.drawCrumbs(layer);
  }

  /** Callers above, callees below. */
  async showSandwich() {
    const { app } = this;
    const name = app.state.sandwich;
    const target = app.places.find(name) || await app.findPlace(name);
    if (!target || app.state.sandwich !== name) return;
    const doc = await app.ask('flame', {
      kind: 'sandwich', place: target.id, part: 1, recursion: app.state.recursion ? 1 : undefined, width: this.flame.size().width || 1000,
    });
    const strip = (tree) => {
      // The first box, for all stacks with the place, becomes the place.
      const root = tree.kids[0] || tree;
      root.parent = null;
      const stack = [root];
      while (stack.length) {
        const node = stack.pop();
        node.depth -= 1;
        stack.push(...node.kids);
      }
      place(root, 0);
      return root;
    };
    const callers = new Layer(strip(readTree(doc.callers)), 0, true);
    const callees = new Layer(strip(readTree(doc.callees)), 0, false);
    callers.skipRoot = true;
    callers.kind = 'callers';
    callees.kind = 'callees';
    callers.target = callees.target = target.id;
    this.flame.show([callers, callees], false);
    this.tree.reset();
    this.flame.center(callees, callees.root);
    this.drawCrumbs(callees);
  }

  sandwich(name) {
    this.app.set({ selected: name, sandwich: name, zoom: [] });
    this.app.writeAddress();
  }

  // ---- Zooming ----

  onZoom(layer, node, range) {
    if (!this.app.state.sandwich) {
      this.app.set({ zoom: pathOf(node).map((n) => n.place) });
      this.app.writeAddress();
    }
    this.drawCrumbs(layer);
    this.refineZoom(layer, node, range);
  }

  hasHidden(node) {
    const stack = [node];
    while (stack.length) {
      const one = stack.pop();
      if (one.hidden > 0) return true;
      stack.push(...one.kids);
    }
    return false;
  }

  /** Fetches the boxes that the zoom has made wide enough. */
  async refineZoom(layer, node, range) {
    const span = range ? range[1] - range[0] : node.w;
    if (isFile || !this.hasHidden(node) || span <= 0) return;
    const size = this.flame.size();
    const wanted = Math.min(20000, Math.ceil(size.width * node.w / span));
    if (node.refined >= wanted * 0.8) return;
    node.refined = wanted;
    const path = pathOf(node).map((n) => n.place);
    if (layer.kind) path.unshift(layer.target);
    const doc = await this.app.ask('flame', {
      kind: layer.kind || (this.app.state.inverted ? 'up' : undefined),
      place: layer.kind ? layer.target : undefined,
      path: path.join(','), width: wanted, part: 1, recursion: this.app.state.recursion ? 1 : undefined,
    }).catch(() => null);
    if (!doc || !this.flame.layers.includes(layer)) return;
    graft(node, doc.flame);
    this.flame.measure();
    this.flame.draw();
  }

  refineRange(layer) {
    let node = layer.root;
    for (;;) {
      const inner = node.kids.find((kid) => kid.x <= layer.from && kid.x + kid.w >= layer.to);
      if (!inner) break;
      node = inner;
    }
    this.refineZoom(layer, node, [layer.from, layer.to]);
  }

  /** Zooms one step out; false when all is shown already. */
  back() {
    const { app } = this;
    const layer = this.flame.layers[this.flame.layers.length - 1];
    if (layer && (layer.focus !== layer.root ||
        layer.to - layer.from < layer.root.w * 0.999)) {
      this.flame.zoomTo(layer, layer.focus.parent || layer.root, null);
      return true;
    }
    if (app.state.sandwich) {
      app.set({ sandwich: null });
      app.writeAddress();
      return true;
    }
    return false;
  }

  reset() {
    for (const layer of this.flame.layers) this.flame.zoomTo(layer, layer.root, null);
  }

  /** Shows box number `index` of a place, from the outermost inwards and from the
   * left; returns how many there are. */
  revealPlace(id, index) {
    const hits = [];
    for (const layer of this.flame.layers) {
      const stack = [layer.root];
      while (stack.length) {
        const node = stack.pop();
        if (id.has(node.place)) hits.push({ layer, node });
        stack.push(...node.kids);
      }
    }
    if (hits.length === 0) return 0;
    hits.sort((a, b) => a.node.depth - b.node.depth || a.node.x - b.node.x);
    const at = ((index % hits.length) + hits.length) % hits.length;
    const { layer, node } = hits[at];
    this.flame.current = node;
    this.flame.reveal(layer, node);
    this.app.hover({ box: { layer, node, isStripe: false } });
    return hits.length;
  }

  // ---- The rest of the pane ----

  drawCrumbs(layer) {
    drawCrumbs(this, layer);
  }

  drawTools() {
    const { app } = this;
    const toggle = (label, title, isOn, onclick) => h('button', {
      class: 'toggle', 'aria-pressed': String(isOn), title, onclick, text: label });
    const labels = app.profile ? app.profile.labels : [];
    replace(this.tools,
      toggle('Table', 'The table of functions (t)', app.state.tableOpen, () => {
        app.set({ tableOpen: !app.state.tableOpen });
        this.drawTools();
      }),
      toggle('Flame', 'Grow upwards (u)', app.state.flip, () => app.toggleFlip()),
      toggle('Inverted', 'Begin with the functions that do the work (i)',
        app.state.inverted, () => app.toggleInverted()),
      isFile ? null : toggle('Fold recursion', 'Fold what repeats in a stack (e)', app.state.recursion, () => app.toggleRecursion()),
      h('span', { class: 'gap' }),
      !isFile && labels.length ? select('Group by label', [['', 'no groups'],
        ...labels.map((key) => [key, `by ${key}`])], app.state.params.tagroot || '',
      (key) => app.setParams({ tagroot: key })) : null,
      select('Colour', modes.filter(([m]) => (m !== 'diff' || app.meta.signed) &&
        (m !== 'root' || app.state.params.tagroot)), app.colorMode,
      (mode) => app.setColor(mode)));
  }

  drawLegend() {
    makeLegend(this.legend, this.app);
  }

  /** Fetches the other rows when the table is sorted or scrolled. */
  async wantAllRows() {
    const { app } = this;
    if (this.rowsAreWhole || isFile) return;
    this.rowsAreWhole = true;
    const doc = await app.ask('table', { count: 1000000 }).catch(() => null);
    if (!doc) return;
    app.takeRows(doc);
    this.table.show(app.rows, this.table.columns, this.table.sortKey, true);
  }
}
