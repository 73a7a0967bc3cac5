// SPDX-License-Identifier: Apache-2.0
// Callers and callees of every function, in blocks like those of the report
// `peek`. Blocks are made when they come into sight.

import { showCalls } from './calls.js';
import { h, replace } from './dom.js';

const PAGE = 20;

export class PeekView {
  constructor(app) {
    this.app = app;
    this.list = h('div', { class: 'peeks' });
    this.el = h('section', { class: 'pane', 'aria-label': 'Callers and callees', tabindex: '0',
      onscroll: () => this.onScroll() }, this.list);
    this.offs = [app.on(['selected'], () => this.onSelected()), app.on(['found'], () => this.show())];
    this.show();
  }

  destroy() {
    this.offs.forEach((off) => off());
  }

  show() {
    const { app } = this;
    if (!app.rows) return;
    const { found, selected } = app.state;
    const rows = found && found.places.size ? app.rows.filter((r) => found.places.has(r.place)) : app.rows;
    this.rows = [...rows].sort((a, b) => (b.name === selected) - (a.name === selected) || Math.abs(b.cum) - Math.abs(a.cum));
    this.first = this.rows[0]?.name;
    this.shown = 0;
    replace(this.list);
    this.more();
  }

  onSelected() {
    if (this.app.state.selected !== this.first) {
      this.show();
      this.el.scrollTop = 0;
    }
  }

  onScroll() {
    if (this.el.scrollTop + this.el.clientHeight * 2 > this.el.scrollHeight) this.more();
  }

  async more() {
    if (this.isBusy) return;
    this.isBusy = true;
    const rows = this.rows.slice(this.shown, this.shown + PAGE);
    this.shown += rows.length;
    for (const row of rows) {
      const block = h('article', { class: 'callpane peek' });
      this.list.append(block);
      await showCalls(block, this.app, row.name, true);
    }
    this.isBusy = false;
  }
}
