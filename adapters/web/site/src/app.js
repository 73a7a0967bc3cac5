// SPDX-License-Identifier: Apache-2.0
// The model of a page: its state, the documents received, the address.
// Components get the app, read its state and call its methods.

import { addressOf, pageKeys, readAddress } from './address.js';
import { ask, isFile } from './api.js';
import { makeFormat } from './format.js';
import { Places, readRows } from './model.js';
import { modes, Palette } from './palette.js';
import { quote } from './names.js';
import { makeStore } from './store.js';

const dark = matchMedia('(prefers-color-scheme: dark)');

/** The page's own parts of an address, as state. */
function pageState(page) {
  return {
    flip: page.flip === '1',
    inverted: page.inv === '1',
    recursion: page.recursion === '1',
    sandwich: page.sandwich || null,
    query: page.q || '',
    file: page.file || null,
    selected: page.sel || page.sandwich || null,
    color: modes.some(([mode]) => mode === page.color) ? page.color : null,
  };
}

export class App {
  constructor(doc) {
    const address = readAddress(window.location);
    this.store = makeStore({
      view: isFile ? 'flame' : address.view,
      params: address.params,
      zoom: address.zoom,
      pivot: address.page.p || '',
      hovered: null, // { place } or { node }
      found: null,
      loading: false,
      error: null,
      doc: null,
      tableOpen: window.innerWidth > 760,
      choose: false,
      ...pageState(address.page),
    });
    this.state = this.store.state;
    this.take(doc);
    window.addEventListener('popstate', () => this.onPop());
    dark.addEventListener('change', () => this.paintAnew());
  }

  set(changes) {
    this.store.set(changes);
  }

  on(keys, call) {
    return this.store.on(keys, call);
  }

  // ---- Documents ----

  /** Shows a document. */
  take(doc) {
    if (doc.error) {
      this.set({ error: doc.error, loading: false });
      return;
    }
    if (doc.choose) {
      this.kinds = doc.kinds;
      this.isGuest = true;
      this.set({ choose: true, loading: false });
      return;
    }
    if (doc.kinds) this.kinds = doc.kinds;
    if (doc.isGuest) this.isGuest = true;
    const isOther = !this.doc || this.doc.viewKey !== doc.viewKey;
    if (isOther || !this.places) this.places = new Places();
    this.places.read(doc);
    if (doc.meta) {
      this.meta = doc.meta;
      this.profile = doc.profile;
      this.format = makeFormat(doc.meta);
    }
    if (doc.rows) this.rows = readRows(doc, this.places);
    this.doc = doc;
    this.makePalette();
    this.set({ doc, error: null, choose: false, loading: false });
  }

  get colorMode() {
    return this.state.color || (this.meta && this.meta.signed ? 'diff'
      : this.state.params.tagroot ? 'root' : 'package');
  }

  makePalette() {
    if (!this.meta) return;
    this.palette = new Palette(this.colorMode, this.rows || [], this.places,
      this.meta, dark.matches);
  }

  paintAnew() {
    this.makePalette();
    this.set({ painted: {} });
  }

  setColor(mode) {
    this.state.color = mode;
    this.paintAnew();
    this.writeAddress(true);
  }

  ask(name, extra, signal) {
    return ask(name, this.state.params, extra, signal).then((doc) => {
      this.places.read(doc);
      return doc;
    });
  }

  /** Fetches the current view's document and shows it. */
  async load(extra) {
    const { view } = this.state;
    const name = { peek: 'table', disasm: 'source' }[view] || view;
    this.set({ loading: true });
    this.loading?.abort();
    this.loading = new AbortController();
    const { signal } = this.loading;
    try {
      const doc = await ask(name, this.state.params, {
        ...this.extraOf(view), ...extra }, signal);
      doc.viewKey = {};
      this.take(doc);
    } catch (error) {
      if (error.name === 'AbortError') return;
      this.set({ error: error.message, loading: false });
    }
  }

  extraOf(view) {
    if (view !== 'flame') return {};
    return {
      width: Math.max(320, Math.round(window.innerWidth)),
      kind: this.state.inverted ? 'up' : undefined,
      recursion: this.state.recursion ? 1 : undefined,
    };
  }

  // ---- Navigation ----

  address(view = this.state.view, params = this.state.params) {
    const s = this.state;
    return addressOf(view, params, {
      color: s.color,
      flip: s.flip ? '1' : '',
      inv: s.inverted ? '1' : '',
      recursion: s.recursion ? '1' : '',
      sandwich: s.sandwich,
      q: s.query,
      file: view === 'source' || view === 'disasm' ? s.file : '',
      sel: s.selected,
    }, view === 'flame' ? s.zoom : []);
  }

  writeAddress(replace) {
    if (isFile) return;
    const url = this.address();
    window.history[replace ? 'replaceState' : 'pushState'](null, '', url);
  }

  /** Shows another view of the same data. */
  go(view, changes = {}) {
    if (!this.hasView(view)) return;
    this.set({ view, hovered: null, ...changes });
    this.writeAddress();
    this.load();
  }

  /** Changes options; the value '' removes one. Adds to the history. */
  setParams(changes) {
    const params = { ...this.state.params };
    for (const [key, value] of Object.entries(changes)) {
      if (value === '' || value === null) delete params[key];
      else params[key] = value;
    }
    this.undo = [...(this.undo || []), this.state.params].slice(-50);
    this.set({ params, zoom: [], found: null });
    this.writeAddress();
    this.load();
  }

  undoParams() {
    const params = this.undo?.pop();
    if (!params) return;
    this.set({ params, zoom: [] });
    this.writeAddress();
    this.load();
  }

  /** Sets a filter option to one name; ignore and hide collect names. */
  refine(key, name) {
    const pattern = `^${quote(name)}$`;
    const before = this.state.params[key];
    this.setParams({
      [key]: before && (key === 'i' || key === 'h')
        ? `${before}|${pattern}` : pattern,
    });
  }

  onPop() {
    const address = readAddress(window.location);
    const old = this.state;
    const isSame = old.view === address.view &&
      JSON.stringify(old.params) === JSON.stringify(address.params) &&
      old.inverted === (address.page.inv === '1') && old.recursion === (address.page.recursion === '1');
    this.set({ view: address.view, params: address.params, zoom: address.zoom,
      ...pageState(address.page) });
    if (!isSame) this.load();
    else this.paintAnew();
  }

  select(name) {
    this.set({ selected: name });
    this.writeAddress(true);
  }

  hover(hovered) {
    this.set({ hovered });
  }

  say(text) {
    this.set({ said: { text } });
  }

  /** Whether an option of the page is kept in addresses. */
  static get pageKeys() {
    return pageKeys;
  }
}
