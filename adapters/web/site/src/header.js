// SPDX-License-Identifier: Apache-2.0
// The bar at the top: the profile, the views, the sample type, the menus.

import { views } from './address.js';
import { change, isFile } from './api.js';
import { askText, openHelp, openOptions } from './dialog.js';
import { h, replace, select } from './dom.js';
import { exportItems } from './export.js';
import { liveItems } from './live.js';
import { menuBelow } from './menu.js';
import { makeSearch } from './search.js';
import { hasView } from './views.js';

function tabs(app) {
  return views.filter(([view]) => hasView(view))
    .map(([view, , text], i) => h('a', {
      href: isFile ? '#' : app.address(view), title: `${text} (${i + 1})`,
      'aria-current': view === app.state.view ? 'page' : undefined,
      onclick: (e) => {
        if (e.ctrlKey || e.metaKey || e.shiftKey) return;
        e.preventDefault();
        app.go(view);
      },
    }, text));
}

function sampleSelect(app) {
  const types = app.profile ? app.profile.types : [];
  if (types.length < 2 || isFile) return null;
  const current = app.meta.type.replace(/^mean_/, '');
  return select('Sample type', types.map(([type, unit]) => [type, `${type} (${unit})`]),
    current, (type) => app.setParams({ si: type }));
}

function profileSelect(app) {
  const opened = app.doc?.opened || [];
  if (opened.length < 2) return null;
  const names = opened.map((p) => [String(p.id), p.name]);
  return [
    select('Profile', names, app.state.params.pf || '0', (pf) => app.setParams({ pf: pf === '0' ? '' : pf })),
    select('Compared with', [['', opened[0].hasBase && !app.state.params.pf ? 'its base' : 'compared with …'],
      ...(opened[0].hasBase ? [['-1', 'not compared']] : []), ...names],
    app.state.params.base || '', (base) => app.setParams({ base })),
  ];
}

async function settingsItems(app) {
  const { settings } = await app.ask('settings');
  return [
    { text: 'Save these options as …', run: async () => {
      const name = await askText('Save options', 'Name', '');
      if (!name) return;
      await change('POST', 'saveconfig', { ...app.state.params, config: name })
        .then(() => app.say(`saved as ${name}`), (e) => app.say(e.message));
    } },
    { text: 'Default', run: () => app.setParams(Object.fromEntries(
      Object.keys(app.state.params).filter((k) => k !== 'pf' && k !== 'si' && k !== 'base').map((k) => [k, '']))) },
    settings.length ? null : undefined,
    ...settings.flatMap(({ name, query }) => [
      { text: name, run: () => {
        const wanted = Object.fromEntries(new URLSearchParams(query));
        const old = Object.fromEntries(Object.keys(app.state.params).map((k) => [k, '']));
        app.setParams({ ...old, pf: app.state.params.pf || '', ...wanted });
      } },
      { text: `Delete ${name}`, run: () => change('DELETE', 'deleteconfig', { config: name })
        .then(() => app.say(`${name} is deleted`), (e) => app.say(e.message)) },
    ]),
  ];
}

export class Header {
  constructor(app) {
    this.app = app;
    this.search = makeSearch(app);
    this.title = h('h1', { class: 'title' });
    this.nav = h('nav', { 'aria-label': 'Views' });
    this.selects = h('span', { class: 'selects' });
    this.el = h('header', { class: 'bar' }, this.title, this.nav,
      h('span', { class: 'gap' }), this.selects, this.search.el, this.buttons());
    app.on(['view', 'doc', 'params', 'zoom', 'selected'], () => this.draw());
    this.draw();
  }

  buttons() {
    const { app } = this;
    const button = (text, label, items) => h('button', {
      class: 'btn', 'aria-haspopup': 'menu', text,
      onclick: async (e) => {
        const at = e.currentTarget;
        menuBelow(at, await items(), label);
      },
    });
    return [
      isFile ? null : h('button', { class: 'btn', text: 'Options', title: 'Filters and options (o)',
        onclick: () => openOptions(app) }),
      this.config = button('Config', 'Saved options', () => settingsItems(app)),
      this.live = button('Live', 'Profiles of the server', () => liveItems(app)),
      button('File', 'Open and export', () => exportItems(app)),
      h('button', { class: 'btn', 'aria-label': 'Keys and help', title: 'Keys (?)', text: '?', onclick: openHelp }),
    ];
  }

  draw() {
    const { app } = this;
    const title = app.meta?.title || app.doc?.opened?.[0]?.name || 'profile';
    replace(this.title, title, h('small', { text: app.meta?.type || '' }));
    this.title.title = app.meta?.labels || '';
    document.title = `${title} · ${app.meta?.type || 'profile'} – evprof`;
    this.live.hidden = !app.doc?.canReload && !app.isGuest;
    this.config.hidden = Boolean(app.isGuest || isFile);
    this.live.textContent = app.kinds?.length ? 'Live' : 'Reload';
    liveItems(app);
    replace(this.nav, tabs(app));
    replace(this.selects, profileSelect(app), sampleSelect(app));
  }
}
