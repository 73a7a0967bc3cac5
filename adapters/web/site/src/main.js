// SPDX-License-Identifier: Apache-2.0
// Builds the page and switches views.

import { addActions } from './actions.js';
import { isFile, setOffline } from './api.js';
import { App } from './app.js';
import { makeDetails } from './details.js';
import { add, h, replace } from './dom.js';
import { listenToDrops } from './drop.js';
import { Header } from './header.js';
import { listenToKeys } from './keys.js';
import { makeOffline } from './offline.js';
import { makeChoice, takeWanted } from './live.js';
import { makePills } from './pills.js';
import { hasView, views } from './views.js';

function start() {
  const doc = JSON.parse(document.getElementById('data').textContent);
  if (isFile && !doc.error) setOffline(makeOffline(doc));
  const app = new App(doc);
  addActions(app);
  app.hasView = hasView;
  const main = h('main', { id: 'view', tabindex: '-1' });
  const header = new Header(app);
  app.find = (name) => app.searchFor(name);
  add(document.body, [h('a', { class: 'skip', href: '#view', text: 'Skip to the view' }),
    header.el, makePills(app), main, makeDetails(app)]);

  let shown = null;
  function show() {
    const { view, error, choose } = app.state;
    if (choose) {
      replace(main, makeChoice(app));
      return;
    }
    if (error) {
      app.current?.destroy();
      app.current = shown = null;
      replace(main, h('section', { class: 'pane failure', role: 'alert' }, h('h2', { text: 'This cannot be shown' }),
        h('p', { text: error }),
        h('p', {}, h('button', { class: 'main', text: 'Without filters', onclick: () => app.setParams(
          Object.fromEntries(Object.keys(app.state.params).map((k) => [k, '']))) }))));
      return;
    }
    if (shown === view && app.current) {
      app.current.show();
      return;
    }
    app.current?.destroy();
    app.current = new views[view](app);
    shown = view;
    replace(main, app.current.el);
    app.current.attached?.();
  }

  app.on(['doc', 'error', 'choose'], show);
  app.on(['loading'], (state) => document.body.classList.toggle('loading', state.loading));
  listenToKeys(app);
  listenToDrops(app);
  show();
  window.evprof = app;
  takeWanted(app);
}

start();
