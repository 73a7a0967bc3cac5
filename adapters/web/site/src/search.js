// SPDX-License-Identifier: Apache-2.0
// The search: the matches, their share of the profile, stepping through them.

import { h } from './dom.js';
import { quote } from './names.js';

const WAIT_MS = 15;

export function makeSearch(app) {
  let timer = 0;
  let index = -1;
  let asked = 0;
  const input = h('input', {
    type: 'search', placeholder: 'Search (regexp)   /', 'aria-label': 'Search', spellcheck: 'false',
    autocomplete: 'off', value: app.state.query,
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(run, WAIT_MS);
    },
    onkeydown: (e) => {
      if (e.key === 'Enter') {
        e.preventDefault();
        step(e.shiftKey ? -1 : 1);
      } else if (e.key === 'Escape') {
        e.stopPropagation();
        if (input.value) {
          input.value = '';
          run();
        } else input.blur();
      }
    },
  });
  const result = h('output', { class: 'result', 'aria-live': 'polite' });
  const before = h('button', { class: 'step', 'aria-label': 'Previous match', text: '‹', hidden: true, onclick: () => step(-1) });
  const after = h('button', { class: 'step', 'aria-label': 'Next match', text: '›', hidden: true, onclick: () => step(1) });

  function tell(text, hasMatches) {
    result.textContent = text;
    before.hidden = after.hidden = !hasMatches;
    input.setAttribute('aria-invalid', String(!hasMatches && input.value !== ''));
  }

  async function run() {
    const query = input.value;
    const number = ++asked;
    index = -1;
    app.set({ query });
    app.writeAddress(true);
    if (!query) {
      tell('', false);
      app.set({ found: null });
      return;
    }
    try {
      const doc = await app.ask('search', { q: query });
      if (number !== asked) return;
      const { found } = doc;
      app.set({ found: { places: new Set(found.place), count: found.count, weight: found.more + found.less } });
      const share = app.format.percent(found.more + found.less, app.meta.more + app.meta.less);
      tell(found.count ? `${found.count} · ${share}` : 'no match', found.count > 0);
    } catch (error) {
      if (number === asked) tell(error.message.replace(/^error parsing regexp: /, ''), false);
    }
  }

  function step(by) {
    const { found } = app.state;
    if (!found || !found.count) return;
    index += by;
    const total = app.reveal?.(found.places, index);
    if (total) tell(`${(((index % total) + total) % total) + 1} of ${total} · ${app.format.percent(found.weight, app.meta.more + app.meta.less)}`, true);
  }

  app.on(['doc'], () => { if (input.value) run(); });
  if (input.value) queueMicrotask(run);
  app.searchFor = (name) => { input.value = `^${quote(name)}$`; run(); };
  app.focusSearch = () => { input.focus(); input.select(); };
  app.stepSearch = step;
  return { el: h('span', { class: 'search' }, input, result, before, after) };
}
