// SPDX-License-Identifier: Apache-2.0
// Keyboard shortcuts of the whole page.

import { views } from './address.js';
import { openHelp, openOptions } from './dialog.js';
import { closeMenu } from './menu.js';
import { copy } from './export.js';

export function listenToKeys(app) {
  const onSelected = (act) => () => {
    if (app.state.selected) act(app.state.selected);
  };
  const actions = {
    '/': () => app.focusSearch?.(),
    n: () => app.stepSearch?.(1),
    N: () => app.stepSearch?.(-1),
    s: onSelected((name) => app.sandwich(name)),
    f: onSelected((name) => app.refine('f', name)),
    h: onSelected((name) => app.refine('h', name)),
    x: onSelected((name) => app.refine('i', name)),
    u: () => app.toggleFlip(),
    i: () => app.toggleInverted(),
    e: () => app.toggleRecursion(),
    t: () => app.set({ tableOpen: !app.state.tableOpen }),
    o: () => openOptions(app),
    z: () => app.undoParams(),
    c: onSelected((name) => copy(app, name, 'name')),
    r: () => app.reload?.(),
    0: () => app.current?.reset?.(),
    '?': () => openHelp(),
    Escape: () => {
      if (closeMenu() || app.current?.back?.()) return;
      app.set({ selected: null, category: null });
    },
  };
  views.forEach(([view], i) => { actions[i + 1] = () => app.go(view); });
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.('input, select, textarea, dialog, .menu')) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
