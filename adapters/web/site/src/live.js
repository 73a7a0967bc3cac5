// SPDX-License-Identifier: Apache-2.0
// Fetches profiles of a running server: again, with another window, of another
// type, or repeatedly with what changed.

import { change } from './api.js';
import { h } from './dom.js';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const timed = ['profile', 'wall', 'block', 'mutex'];

/** Waits for a profile and shows a count-down; the page stays usable. */
async function arrival(app, { seconds, kind, keep }) {
  const end = Date.now() + (seconds || 0) * 1000;
  for (;;) {
    const left = Math.ceil((end - Date.now()) / 1000);
    app.set({ live: { ...app.state.live, busy: true, text: left > 0 ? `measuring, ${left}\u202fs to go` : 'loading' } });
    await pause(250);
    const answer = await app.ask('live', { kind, keep: keep ? 1 : '' });
    if (answer.error) throw new Error(answer.error);
    if (!answer.busy) return answer.profile;
  }
}

/** In a UI inside a server the browser takes the profile like any client and
 * posts it to the site. */
async function takeAsGuest(app, { seconds, kind, keep }) {
  const opened = app.doc?.opened?.find((p) => String(p.id) === (app.state.params.pf || ''));
  const name = kind || opened?.name || 'profile';
  const length = seconds || (timed.includes(name) ? 10 : 0);
  const end = Date.now() + length * 1000;
  const timer = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    app.set({ live: { ...app.state.live, busy: true, text: left > 0 ? `measuring, ${left}\u202fs to go` : 'loading' } });
  }, 250);
  app.set({ live: { ...app.state.live, busy: true, text: `taking ${name}` } });
  try {
    const response = await fetch(`../${name}${length ? `?seconds=${length}` : ''}`);
    if (!response.ok) throw new Error((await response.text()).trim());
    const { profile } = await change('POST', 'open', { name, keep: keep ? 1 : '' }, await response.arrayBuffer());
    return profile;
  } finally {
    clearInterval(timer);
  }
}

async function takeFromTool(app, what) {
  await change('POST', 'reload', { seconds: what.seconds || '', kind: what.kind });
  return arrival(app, what);
}

/** Takes a profile: { seconds, kind, keep }. False: it failed. */
async function take(app, what) {
  if (app.state.live?.busy) return false;
  try {
    const index = await (app.isGuest ? takeAsGuest : takeFromTool)(app, what);
    app.set({ live: { ...app.state.live, busy: false, text: '' } });
    if (what.kind || String(index) !== (app.state.params.pf || '0')) app.setParams({ pf: String(index), base: '', si: '' });
    else await app.load();
    return true;
  } catch (error) {
    app.set({ live: null });
    app.say(error.message);
    return false;
  }
}

/** Takes profiles repeatedly; each is compared with the one before. */
async function watch(app, seconds) {
  app.set({ live: { watching: seconds } });
  while (app.state.live?.watching === seconds) {
    if (!await take(app, { seconds, keep: true })) return;
    await pause(500);
  }
}

export function liveItems(app) {
  app.reload = () => take(app, {});
  if (!app.doc?.canReload && !app.isGuest) return [];
  const kinds = app.kinds || [];
  const again = kinds.length ? [10, 30].map((seconds) => ({ text: `Again, over ${seconds} seconds`, run: () => take(app, { seconds }) })) : [];
  return [
    { text: 'Reload', hint: 'r', run: () => take(app, {}) }, ...again,
    ...(kinds.length ? [null, ...[5, 30].map((seconds) => ({ text: `Watch, every ${seconds} seconds`, run: () => watch(app, seconds) })), null] : []),
    ...kinds.map((kind) => ({ text: kind, run: () => take(app, { kind, seconds: timed.includes(kind) ? 10 : 0 }) })),
  ];
}

/** Shows what is running, with a button to stop it. */
export function makeLiveState(app) {
  const { live } = app.state;
  if (!live) return null;
  return h('span', { class: 'live', role: 'status' }, live.text,
    live.watching ? h('button', { class: 'link', text: ' stop watching', onclick: () => app.set({ live: null }) }) : null);
}

/** The choice of a profile before one was taken. */
export function makeChoice(app) {
  const what = (kind) => (timed.includes(kind) ? `${kind}, 10 seconds` : kind);
  return h('section', { class: 'pane failure' }, h('h2', { text: 'Which profile of this server?' }),
    h('p', { class: 'choices' }, app.kinds.map((kind) => h('button', { text: what(kind), onclick: () => take(app, { kind }) }))),
    h('p', {}, h('a', { href: '../', text: 'all that this server offers' })));
}

/** The first profile to take, if the link to the site names one. */
export function takeWanted(app) {
  const kind = new URLSearchParams(window.location.search).get('kind');
  if (app.isGuest && kind && app.kinds.includes(kind)) take(app, { kind });
}
