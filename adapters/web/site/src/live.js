// SPDX-License-Identifier: Apache-2.0
// Profiles of a server that still runs: again, with other seconds, and again
// and again.

import { change } from './api.js';
import { h } from './dom.js';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Counts down while the server measures; the page stays usable. */
async function reload(app, seconds) {
  if (app.state.live?.busy) return;
  const end = Date.now() + (seconds || 0) * 1000;
  let isOver = false;
  const done = change('POST', 'reload', { seconds: seconds || '' })
    .finally(() => { isOver = true; });
  const countDown = async () => {
    while (!isOver) {
      const left = Math.ceil((end - Date.now()) / 1000);
      app.set({ live: { ...app.state.live, busy: true, text: left > 0 ? `measuring, ${left} s` : 'loading' } });
      await pause(250);
    }
  };
  countDown();
  try {
    await done;
    app.set({ live: { ...app.state.live, busy: false, text: '' } });
    await app.load();
  } catch (error) {
    app.set({ live: { busy: false, text: error.message } });
  }
}

async function watch(app, seconds) {
  app.set({ live: { watching: seconds } });
  while (app.state.live?.watching === seconds) {
    await reload(app, seconds);
    await pause(500);
  }
}

export function liveItems(app) {
  app.reload = () => reload(app, 0);
  if (!app.doc?.canReload) return [];
  const isLive = app.doc.isRemote;
  return [
    { text: 'Reload', hint: 'r', run: () => reload(app, 0) },
    ...(isLive ? [10, 30].map((s) => ({ text: `Again, over ${s} s`, run: () => reload(app, s) })) : []),
    ...(isLive ? [5, 30].map((s) => ({ text: `Watch, every ${s} s`, run: () => watch(app, s) })) : []),
    null,
  ];
}

/** What is going on, with a way to stop it. */
export function makeLiveState(app) {
  const { live, loading } = app.state;
  if (!live) return loading ? h('span', { class: 'dim', text: 'loading' }) : null;
  return h('span', { class: 'live', role: 'status' }, live.text,
    live.watching ? h('button', { class: 'link', text: 'stop watching', onclick: () => app.set({ live: null }) }) : null);
}
