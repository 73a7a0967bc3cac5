// SPDX-License-Identifier: Apache-2.0
// Profiles of a server that still runs: again, over other seconds, another one
// of its profiles, and again and again with what changed.

import { change } from './api.js';
import { h } from './dom.js';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const timed = ['profile', 'wall', 'block', 'mutex'];

/** Waits for a profile; a count-down is shown, and the page stays usable. */
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

/** Takes a profile: { seconds, kind, keep }. False: it failed. */
async function take(app, what) {
  if (app.state.live?.busy) return false;
  try {
    await change('POST', 'reload', { seconds: what.seconds || '', kind: what.kind });
    const index = await arrival(app, what);
    app.set({ live: { ...app.state.live, busy: false, text: '' } });
    if (what.kind) app.setParams({ pf: String(index), base: '', si: '' });
    else await app.load();
    return true;
  } catch (error) {
    app.set({ live: null });
    app.say(error.message);
    return false;
  }
}

/** Again and again; each time compared with the time before. */
async function watch(app, seconds) {
  app.set({ live: { watching: seconds } });
  while (app.state.live?.watching === seconds) {
    if (!await take(app, { seconds, keep: true })) return;
    await pause(500);
  }
}

export function liveItems(app) {
  app.reload = () => take(app, {});
  if (!app.doc?.canReload) return [];
  const kinds = app.doc.kinds || [];
  const again = kinds.length ? [10, 30].map((seconds) => ({ text: `Again, over ${seconds} seconds`, run: () => take(app, { seconds }) })) : [];
  return [
    { text: 'Reload', hint: 'r', run: () => take(app, {}) }, ...again,
    ...(kinds.length ? [null, ...[5, 30].map((seconds) => ({ text: `Watch, every ${seconds} seconds`, run: () => watch(app, seconds) })), null] : []),
    ...kinds.map((kind) => ({ text: kind, run: () => take(app, { kind, seconds: timed.includes(kind) ? 10 : 0 }) })),
  ];
}

/** What is going on, with a way to stop it. */
export function makeLiveState(app) {
  const { live } = app.state;
  if (!live) return null;
  return h('span', { class: 'live', role: 'status' }, live.text,
    live.watching ? h('button', { class: 'link', text: ' stop watching', onclick: () => app.set({ live: null }) }) : null);
}
