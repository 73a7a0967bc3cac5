// SPDX-License-Identifier: Apache-2.0
// Dialogs: help, options, a line of text to enter.

import { h } from './dom.js';
import { options } from './address.js';

export function openDialog(title, ...content) {
  const dialog = h('dialog', {
    'aria-label': title,
    onclose: () => dialog.remove(),
    onclick: (e) => { if (e.target === dialog) dialog.close(); },
  }, h('header', {}, h('h2', { text: title }),
    h('button', { 'aria-label': 'Close', text: '×', onclick: () => dialog.close() })), content);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

const keys = [
  ['1 … 7', 'flame, table, graph, peek, source, disassembly, raw'],
  ['/', 'search'],
  ['n, N', 'next and previous match'],
  ['← ↑ → ↓', 'from box to box, from row to row'],
  ['Enter', 'zoom into the box'],
  ['Esc', 'one step back'],
  ['0', 'all of it again'],
  ['s', 'callers and callees of the selected function (sandwich)'],
  ['f, h, x', 'focus on, hide, ignore the selected function'],
  ['u', 'grow upwards or downwards'],
  ['i', 'inverted: begin with the functions that do the work'],
  ['e', 'fold what repeats in a stack'],
  ['t', 'table beside the flame graph'],
  ['o', 'options'],
  ['z', 'undo the last filter'],
  ['c', 'copy the name of the selected function'],
  ['r', 'reload the profile'],
  ['?', 'this list'],
];

export function openHelp() {
  openDialog('Keys', h('dl', { class: 'keys' }, keys.map(([key, what]) =>
    [h('dt', {}, h('kbd', { text: key })), h('dd', { text: what })])),
  h('p', { class: 'dim', text: 'Ctrl and the wheel zoom where the pointer is. A striped box holds ' +
    'what is too narrow to draw; a click opens it. Files dropped on the page are opened.' }));
}

function field(app, [key, label, kind, title]) {
  const value = app.state.params[key] || '';
  const name = h('span', { text: label });
  if (Array.isArray(kind)) {
    return h('label', { title }, name, h('select', { name: key }, kind.map((v) =>
      h('option', { value: v, selected: v === value, text: v || 'default' }))));
  }
  if (kind === 'on' || kind === 'off') {
    const on = kind === 'on' ? /^(t|true|1|y|yes)$/.test(value) : /^(f|false|0|n|no)$/.test(value);
    return h('label', { title, class: 'check' },
      h('input', { type: 'checkbox', name: key, checked: on }),
      h('span', { text: kind === 'off' ? `no ${label}` : label }));
  }
  return h('label', { title }, name, h('input', {
    name: key, value, list: kind === 'tag' ? 'label-keys' : undefined, type: kind === 'number' ? 'number' : 'text', step: 'any',
    spellcheck: 'false', autocomplete: 'off', placeholder: kind === 'regexp' ? 'regexp' : '',
  }));
}

/** A form with every option at its present value. */
export function openOptions(app) {
  const shown = options.filter(([key]) => key !== 'compact' && key !== 'sort');
  const form = h('form', {
    class: 'options', method: 'dialog',
    onsubmit: () => {
      const changes = {};
      for (const [key, , kind] of shown) {
        const input = form.elements[key];
        const flag = kind === 'on' ? 't' : 'f';
        changes[key] = kind === 'on' || kind === 'off'
          ? (input.checked ? flag : '') : input.value.trim();
      }
      app.setParams(changes);
    },
  }, h('datalist', { id: 'label-keys' }, (app.profile?.labels || []).map((label) => h('option', { value: label }))),
  shown.map((option) => field(app, option)),
  h('footer', {}, h('button', { type: 'button', text: 'Reset',
    onclick: () => {
      dialog.close();
      app.setParams(Object.fromEntries(shown.map(([key]) => [key, ''])));
    } }),
  h('button', { class: 'main', type: 'submit', text: 'Apply' })));
  const dialog = openDialog('Options', form);
}

/** Asks for a line of text; null when the user cancels. */
export function askText(title, label, value) {
  return new Promise((resolve) => {
    const input = h('input', { value, required: true, autocomplete: 'off' });
    const form = h('form', {
      method: 'dialog', class: 'ask', onsubmit: () => { resolve(input.value.trim() || null); },
    }, h('label', {}, h('span', { text: label }), input),
    h('footer', {}, h('button', { class: 'main', type: 'submit', text: 'Save' })));
    const dialog = openDialog(title, form);
    dialog.addEventListener('close', () => resolve(null));
    input.select();
  });
}
