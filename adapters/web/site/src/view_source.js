// SPDX-License-Identifier: Apache-2.0
// Source lines and machine code: an index of functions by cost, and the text of
// the chosen one with its weights.

import { showCode } from './code.js';
import { h, replace } from './dom.js';
import { baseName } from './names.js';
import { makeSplit } from './split.js';
import { colorLine } from './syntax.js';
import { Table } from './table.js';

export class SourceView {
  constructor(app) {
    this.app = app;
    this.isCode = app.state.view === 'disasm';
    this.table = new Table({
      columns: [], label: 'Functions by cost',
      events: { pick: (row) => this.pick(row), menu: (row, x, y) => app.menu({ place: app.places.find(row.name)?.id ?? -1 }, x, y) },
    });
    this.pane = h('section', { class: 'pane right text', 'aria-label': this.isCode ? 'Machine code' : 'Source', tabindex: '0' });
    this.byFile = false;
    this.tools = h('div', { class: 'tools' });
    const left = h('section', { class: 'pane left', 'aria-label': 'Index' }, this.isCode ? null : this.tools, this.table.el);
    this.el = h('div', { class: 'split sources' }, left, makeSplit(left, 'evprof.source'), this.pane);
    this.off = app.on(['found'], () => this.onFound());
    this.show();
  }

  destroy() {
    this.off();
    this.table.destroy();
  }

  columns() {
    const { format, meta } = this.app;
    const total = meta.total || 1;
    const weight = (key, label) => ({ key, label, width: 84, value: (r) => r[key], text: (r) => format.value(r[key]),
      exact: (r) => format.exact(r[key]), share: (r) => r[key] / total });
    return [{ key: 'name', label: this.byFile ? 'File' : 'Function', isName: true, value: (r) => r.name },
      ...(window.innerWidth <= 760 || this.byFile ? [] : [{ key: 'file', label: 'File', width: 130, value: (r) => r.file, text: (r) => (r.file ? `${baseName(r.file)}:${r.line}` : '') }]),
      weight('flat', 'Self'), weight('cum', 'Total')];
  }

  show() {
    const { app } = this;
    if (!app.doc.functions) return;
    this.functions = app.doc.functions.map((f, i) => ({ ...f, name: f.function || '(unknown)', place: `f${i}` }));
    this.files = app.doc.files.filter((f) => f.file).map((f, i) => ({ ...f, name: f.file, place: `n${i}` }));
    this.rows = this.byFile ? this.files : this.functions;
    this.drawTools();
    this.table.show(this.rows, this.columns(), 'cum');
    const { file, selected } = app.state;
    const row = this.rows.find((r) => r.name === selected && (!file || r.file === file)) ||
      this.rows.find((r) => file && r.file === file) || this.rows.find((r) => r.flat > 0) || this.rows[0];
    if (row) this.pick(row, true);
    else replace(this.pane, h('p', { class: 'hint dim', text: 'No function is left by the filters.' }));
  }

  drawTools() {
    const toggle = (text, byFile) => h('button', { class: 'toggle', text, 'aria-pressed': String(this.byFile === byFile), onclick: () => {
      this.byFile = byFile;
      this.app.set({ file: this.row?.file });
      this.show();
    } });
    replace(this.tools, toggle('Functions', false), toggle('Files', true));
  }

  onFound() {
    const { found } = this.app.state;
    const names = found && new Set([...found.places].map((id) => this.app.places.get(id)?.name));
    this.table.filter(names && names.size ? (row) => names.has(row.name) : null);
  }

  pick(row, isFirst) {
    const { app } = this;
    this.row = row;
    app.set(this.byFile ? { file: row.file } : { selected: row.name, file: row.file });
    app.writeAddress(true);
    this.table.select(row.name, isFirst);
    if (this.isCode) this.showCode(row);
    else this.showFile(row);
  }

  async showCode(row) {
    replace(this.pane, h('p', { class: 'hint dim', text: 'disassembling' }));
    const doc = await this.app.ask('asm', { function: row.name }).catch((e) => ({ error: e.message }));
    if (this.row === row) showCode(this.pane, this.app, doc);
  }

  async showFile(row) {
    const { app } = this;
    if (!row.file) {
      replace(this.pane, this.head(row), h('p', { class: 'hint dim', text: 'The profile knows no file of this function.' }));
      return;
    }
    const doc = await app.ask('source', { file: row.file }).catch((e) => ({ error: e.message }));
    if (this.row !== row) return;
    if (doc.error) {
      replace(this.pane, this.head(row), h('p', { class: 'hint', text: doc.error }));
      return;
    }
    this.drawFile(row, doc);
  }

  head(row) {
    const { format } = this.app;
    return h('header', { class: 'texthead' }, h('h2', { text: row.name, title: row.name }),
      h('p', { class: 'dim' }, `${row.file || 'no file'} · self ${format.value(row.flat)} · total ${format.value(row.cum)} (${format.percent(row.cum)})`));
  }

  drawFile(row, doc) {
    const most = doc.lines.reduce((max, [, , cum]) => Math.max(max, Math.abs(cum)), 1);
    const body = h('div', { class: 'lines', role: 'table', 'aria-label': `Lines of ${row.file}` });
    let next = 1;
    for (const line of doc.lines) {
      if (line[0] > next && !doc.problem) body.append(this.gap(row, next, line[0] - 1));
      body.append(this.line(row, line, most));
      next = line[0] + 1;
    }
    replace(this.pane, this.head(row),
      doc.problem ? h('p', { class: 'hint note', role: 'status', text: `${doc.problem}; the lines with weights are known all the same` }) : null, body);
    const target = body.querySelector(`[data-line="${row.line}"]`) || body.querySelector('.hot');
    target?.scrollIntoView({ block: 'center' });
  }

  /** Lines without a weight, folded; a click unfolds them. */
  gap(row, from, to) {
    const el = h('button', { class: 'fold', text: `… ${to - from + 1} lines without a weight`, onclick: async () => {
      const doc = await this.app.ask('source', { file: row.file, from, to });
      el.replaceWith(...doc.lines.map((line) => this.line(row, line, 1)));
    } });
    return h('div', { role: 'row', class: 'foldrow' }, h('span', { role: 'cell' }, el));
  }

  line(row, [number, flat, cum, text], most) {
    const { format } = this.app;
    const hasWeight = flat !== 0 || cum !== 0;
    const el = h('div', {
      class: 'line' + (hasWeight ? ' hot' : ''), role: 'row', 'data-line': number,
      vars: { '--heat': hasWeight ? Math.round(8 + 40 * Math.abs(cum) / most) + '%' : '0%' },
    }, h('span', { role: 'cell', class: 'number', text: flat ? format.value(flat) : '' }),
    h('span', { role: 'cell', class: 'number', text: cum ? format.value(cum) : '' }),
    h('span', { role: 'cell', class: 'number dim' }, hasWeight ? h('button', {
      class: 'link', text: number, 'aria-expanded': 'false', title: 'The machine code of this line',
      onclick: (e) => this.toggleCode(e.currentTarget, el, row, number),
    }) : String(number)),
    h('code', { role: 'cell' }, colorLine(text)));
    return el;
  }

  async toggleCode(button, el, row, number) {
    if (button.getAttribute('aria-expanded') === 'true') {
      el.nextElementSibling.remove();
      button.setAttribute('aria-expanded', 'false');
      return;
    }
    button.setAttribute('aria-expanded', 'true');
    const box = h('div', { class: 'codebox', role: 'row' });
    el.after(box);
    const names = this.functions.filter((r) => r.file === row.file && r.line <= number).sort((a, b) => b.line - a.line).slice(0, 3);
    for (const { name } of names) {
      const doc = await this.app.ask('asm', { function: name }).catch((e) => ({ error: e.message }));
      if (showCode(box, this.app, doc, (i) => i[6] === number && baseName(i[5]) === baseName(row.file))) return;
    }
  }
}
