// SPDX-License-Identifier: Apache-2.0
// All functions with all numbers, and the calls of the selected one.

import { showCalls } from './calls.js';
import { columnsFor } from './columns.js';
import { h } from './dom.js';
import { makeSplit } from './split.js';
import { Table } from './table.js';

export class TableView {
  constructor(app) {
    this.app = app;
    this.table = new Table({
      columns: [], label: 'Functions',
      colorOf: (row) => (app.palette.mode === 'diff' || app.palette.mode === 'heat' || app.palette.mode === 'root'
        ? 'transparent' : app.palette.of(app.places.get(row.place))),
      events: {
        pick: (row) => app.select(row.name),
        open: (row) => app.sandwich(row.name),
        menu: (row, x, y) => app.menu({ place: row.place, row }, x, y),
        hover: (row) => app.hover(row ? { place: row.place } : null),
      },
    });
    this.pane = h('aside', { class: 'pane right callpane', 'aria-label': 'Callers and callees', tabindex: '0' });
    const left = h('section', { class: 'pane left', 'aria-label': 'Functions' }, this.table.el);
    this.el = h('div', { class: 'split wide' }, left, makeSplit(left, 'evprof.calls'), this.pane);
    this.offs = [
      app.on(['selected'], () => this.onSelected()),
      app.on(['found'], () => this.onFound()),
    ];
    this.show();
  }

  destroy() {
    this.offs.forEach((off) => off());
    this.table.destroy();
  }

  show() {
    const { app } = this;
    if (!app.meta || !app.rows) return;
    this.table.show(app.rows, columnsFor(app, window.innerWidth > 760), app.meta.compared ? 'cumChange'
      : app.state.params.sort === 'cum' ? 'cum' : 'flat');
    this.onSelected();
    this.loadAll();
  }

  onSelected() {
    this.table.select(this.app.state.selected, true);
    showCalls(this.pane, this.app, this.app.state.selected);
  }

  onFound() {
    const { found } = this.app.state;
    this.table.filter(found && found.places.size ? (row) => found.places.has(row.place) : null);
  }

  async loadAll() {
    const { app } = this;
    const { doc } = app;
    if (!doc.rows || app.rows.length >= doc.rows.count) return;
    const whole = await app.ask('table', { count: 1000000 }).catch(() => null);
    if (!whole || app.doc !== doc) return;
    app.takeRows(whole);
    this.table.show(app.rows, this.table.columns, this.table.sortKey, true);
    this.table.select(app.state.selected);
  }
}
