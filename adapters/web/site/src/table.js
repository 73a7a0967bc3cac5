// SPDX-License-Identifier: Apache-2.0
// A table of functions. Only rows in sight have elements.

import { h, replace } from './dom.js';
import { shorten } from './names.js';

const HEIGHT = 24;

/** Columns: { key, label, title, value(row), text(row), share(row), isName }. */
export class Table {
  constructor({ columns, label, colorOf, events }) {
    this.columns = columns;
    this.colorOf = colorOf;
    this.events = events;
    this.rows = [];
    this.shown = [];
    this.sortKey = null;
    this.down = true;
    this.selected = null;
    this.head = h('div', { class: 'row head', role: 'row' });
    this.body = h('div', { class: 'body', role: 'presentation' });
    this.pad = h('div', { class: 'pad' });
    this.scroller = h('div', {
      class: 'scroller', role: 'rowgroup', tabindex: '0',
      onscroll: () => this.draw(),
    }, this.pad, this.body);
    this.el = h('div', {
      class: 'table', role: 'grid', 'aria-label': label,
      onkeydown: (e) => this.onKey(e),
    }, h('div', { role: 'rowgroup' }, this.head), this.scroller);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.scroller);
  }

  destroy() {
    this.observer.disconnect();
  }

  show(rows, columns, sortKey, keepScroll) {
    this.rows = rows;
    this.columns = columns;
    this.el.style.setProperty('--columns', columns.map((c) =>
      c.isName ? 'minmax(0,1fr)' : (c.width || 84) + 'px').join(' '));
    if (!columns.some((c) => c.key === this.sortKey)) this.sortKey = sortKey;
    this.arrange();
    if (!keepScroll) this.scroller.scrollTop = 0;
  }

  filter(test) {
    this.test = test;
    this.arrange();
  }

  arrange() {
    const column = this.columns.find((c) => c.key === this.sortKey);
    const sign = this.down ? -1 : 1;
    this.shown = this.test ? this.rows.filter(this.test) : this.rows.slice();
    if (column) {
      this.shown.sort((a, b) => {
        const l = column.value(a);
        const r = column.value(b);
        return l === r ? (a.name < b.name ? -1 : 1) : l < r ? -sign : sign;
      });
    }
    this.drawHead();
    this.el.setAttribute('aria-rowcount', this.shown.length + 1);
    this.pad.style.height = this.shown.length * HEIGHT + 'px';
    this.draw(true);
  }

  sortBy(column) {
    if (this.sortKey === column.key) this.down = !this.down;
    else {
      this.sortKey = column.key;
      this.down = !column.isName;
    }
    this.arrange();
    this.events.sort?.(column.key);
  }

  drawHead() {
    replace(this.head, this.columns.map((c) => h('div', {
      role: 'columnheader', class: c.isName ? 'name' : 'number',
      'aria-sort': c.key !== this.sortKey ? 'none'
        : this.down ? 'descending' : 'ascending',
    }, h('button', {
      title: c.title, onclick: () => this.sortBy(c),
    }, c.label, h('span', { class: 'arrow', 'aria-hidden': 'true',
      text: c.key !== this.sortKey ? '' : this.down ? ' ▾' : ' ▴' })))));
  }

  makeRow(row, index) {
    const isSelected = row.name === this.selected;
    return h('div', {
      class: 'row' + (isSelected ? ' selected' : '') +
        (row.place === this.hovered ? ' hovered' : ''),
      role: 'row', 'aria-rowindex': index + 2, 'aria-selected': String(isSelected),
      onclick: () => this.pick(row),
      ondblclick: () => this.events.open?.(row),
      oncontextmenu: (e) => {
        e.preventDefault();
        this.events.menu?.(row, e.clientX, e.clientY);
      },
      onpointerenter: () => this.events.hover?.(row),
      onpointerleave: () => this.events.hover?.(null),
    }, this.columns.map((c) => this.makeCell(row, c)));
  }

  makeCell(row, c) {
    if (c.isName) {
      const room = Math.floor((this.nameWidth || 400) / 7.3);
      return h('div', { role: 'gridcell', class: 'name', title: row.name },
        this.colorOf && h('span', { class: 'chip', vars: { '--chip': this.colorOf(row) } }),
        shorten(row.name, '', room) || row.name,
        row.inline ? h('span', { class: 'mark', text: row.inline === 2 ? ' inline' : ' partly inline' }) : null);
    }
    const share = c.share ? Math.min(1, Math.abs(c.share(row))) : 0;
    return h('div', {
      role: 'gridcell', title: c.exact?.(row), vars: { '--share': share * 100 + '%' },
      class: 'number' + (c.share ? ' weight' : '') + (c.sign && c.of(row) ? (c.of(row) > 0 ? ' more' : ' less') : ''),
    }, h('span', { text: c.text(row) }));
  }

  draw(force) {
    const top = this.scroller.scrollTop;
    const height = this.scroller.clientHeight;
    if (height === 0) return;
    const first = Math.max(0, Math.floor(top / HEIGHT) - 4);
    const last = Math.min(this.shown.length, Math.ceil((top + height) / HEIGHT) + 4);
    const width = this.scroller.clientWidth;
    if (!force && first === this.first && last === this.last && width === this.width) {
      return;
    }
    this.first = first;
    this.last = last;
    this.width = width;
    const fixed = this.columns.reduce((sum, c) => sum + (c.isName ? 0 : c.width || 84), 0);
    this.nameWidth = width - fixed - 40;
    this.body.style.transform = `translateY(${first * HEIGHT}px)`;
    replace(this.body, this.shown.slice(first, last).map((row, i) =>
      this.makeRow(row, first + i)));
  }

  pick(row) {
    this.events.pick(row);
  }

  select(name, scroll) {
    this.selected = name;
    if (scroll && name) {
      const index = this.shown.findIndex((row) => row.name === name);
      const s = this.scroller;
      if (index >= 0 && (index * HEIGHT < s.scrollTop ||
          (index + 1) * HEIGHT > s.scrollTop + s.clientHeight)) {
        s.scrollTop = Math.max(0, index * HEIGHT - s.clientHeight / 2);
      }
    }
    this.draw(true);
  }

  /** Marks the row of a place that is hovered elsewhere. */
  setHovered(place) {
    if (this.hovered === place) return;
    this.hovered = place;
    for (const [i, el] of [...this.body.children].entries()) {
      const row = this.shown[this.first + i];
      el.classList.toggle('hovered', row !== undefined && row.place === place);
    }
  }

  onKey(event) {
    const index = this.shown.findIndex((row) => row.name === this.selected);
    const page = Math.floor(this.scroller.clientHeight / HEIGHT);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page,
      Home: -Infinity, End: Infinity };
    if (event.key === 'Enter' && index >= 0) {
      this.events.open?.(this.shown[index]);
      return;
    }
    if (!(event.key in steps) || event.target.tagName === 'BUTTON') return;
    event.preventDefault();
    event.stopPropagation();
    const next = Math.max(0, Math.min(this.shown.length - 1, index + steps[event.key]));
    if (this.shown[next]) {
      this.pick(this.shown[next]);
      this.select(this.shown[next].name, true);
    }
  }

  /** All rows as text, cells separated by `separator`. */
  asText(separator) {
    const quoted = (text) => separator === ',' && /[",\n]/.test(text)
      ? `"${text.replace(/"/g, '""')}"` : text;
    const lines = [this.columns.map((c) => quoted(c.label)).join(separator)];
    for (const row of this.shown) {
      lines.push(this.columns.map((c) => quoted(
        c.isName ? row.name : separator === ',' && c.plain ? String(c.plain(row))
          : c.text(row))).join(separator));
    }
    return lines.join('\n') + '\n';
  }
}
