// SPDX-License-Identifier: Apache-2.0
// Actions that menus, keys and buttons share.

import { isFile } from './api.js';
import { copy } from './export.js';
import { openMenu } from './menu.js';
import { quote } from './names.js';
import { readRows } from './model.js';

/** Gives the app the actions that need more than its state. */
export function addActions(app) {
  app.toggleFlip = () => {
    app.set({ flip: !app.state.flip });
    app.writeAddress(true);
    app.current?.drawTools?.();
  };

  app.toggleInverted = () => {
    app.set({ inverted: !app.state.inverted, zoom: [], sandwich: null });
    app.writeAddress();
    app.load();
  };

  app.toggleRecursion = () => {
    app.set({ recursion: !app.state.recursion, zoom: [] });
    app.writeAddress();
    app.load();
  };

  app.sandwich = (name) => {
    if (app.state.view !== 'flame') app.go('flame', { sandwich: name, selected: name, zoom: [] });
    else app.current.sandwich?.(name);
  };

  app.takeRows = (doc) => {
    app.places.read(doc);
    app.rows = readRows(doc, app.places);
    app.makePalette();
  };

  /** Finds a place by name; asks the server when no document had it yet. */
  app.findPlace = async (name) => {
    const known = app.places.find(name);
    if (known) return known;
    await app.ask('search', { q: `^${quote(name)}$` });
    return app.places.find(name);
  };

  /** pprof's parameter p: the heaviest function that matches. */
  app.pivotOn = async (pattern) => {
    const { found } = await app.ask('search', { q: pattern }).catch(() => ({ found: { place: [] } }));
    const ids = new Set(found.place);
    const row = app.rows.filter((r) => ids.has(r.place)).sort((a, b) => b.cum - a.cum)[0];
    const name = row ? row.name : ids.size ? app.places.get([...ids][0])?.name : null;
    if (name) app.set({ sandwich: name, selected: name });
  };

  app.reveal = (places, index) => {
    const view = app.current;
    if (view?.revealPlace) return view.revealPlace(places, index);
    const rows = view?.table?.shown.filter((row) => places.has(row.place)) || [];
    if (!rows.length) return 0;
    const at = ((index % rows.length) + rows.length) % rows.length;
    app.select(rows[at].name);
    return rows.length;
  };

  app.menu = ({ place, box }, x, y) => {
    const found = place >= 0 ? app.places.get(place) : null;
    if (!found) return;
    const { name } = found;
    app.select(name);
    const refine = (key, text, hint) => ({ text, hint, run: () => app.refine(key, name) });
    openMenu([
      { text: 'Callers and callees', hint: 's', run: () => app.sandwich(name) },
      box ? { text: 'Zoom here', hint: 'Enter', run: () => app.current.flame.zoomTo(box.layer, box.node, null) } : undefined,
      { text: 'Find all', run: () => app.find(name) },
      ...(isFile ? [] : [null,
        refine('f', 'Focus on it', 'f'), refine('i', 'Ignore it', 'x'), refine('h', 'Hide it', 'h'),
        refine('sf', 'Show from here'), null,
        ...(found.file ? [{ text: 'Source', run: () => app.go('source', { file: found.file, selected: name }) }] : []),
        { text: 'Peek', run: () => app.go('peek', { selected: name }) },
        { text: 'Graph', run: () => app.go('graph', { selected: name }) }]),
      null,
      { text: 'Copy name', hint: 'c', run: () => copy(app, name, 'name') },
    ], x, y, name);
  };
}
