// SPDX-License-Identifier: Apache-2.0
// Machine code with the weight of each instruction.

import { h, replace } from './dom.js';
import { baseName } from './names.js';

function instruction(app, [address, flat, cum, text, , file, line, isHot], most, before) {
  const { format } = app;
  const where = file ? `${baseName(file)}:${line}` : '';
  const isSame = before && before[5] === file && before[6] === line;
  return h('div', {
    class: 'line code' + (isHot ? ' loop' : '') + (cum ? ' hot' : ''), role: 'row',
    vars: { '--heat': cum ? Math.round(8 + 40 * Math.abs(cum) / most) + '%' : '0%' },
  }, h('span', { role: 'cell', class: 'number', text: flat ? format.value(flat) : '' }),
  h('span', { role: 'cell', class: 'number', text: cum ? format.value(cum) : '' }),
  h('span', { role: 'cell', class: 'number dim', text: address }),
  h('code', { role: 'cell', text: text.replace(/\t/g, '  ') }),
  h('span', { role: 'cell', class: 'dim where', title: file, text: isSame ? '' : where }));
}

/** Fills `el` with instructions, those that pass `test`. False: none did. */
export function showCode(el, app, doc, test) {
  if (doc.error) {
    replace(el, h('p', { class: 'hint note', role: test ? 'cell' : 'status', text: doc.error }));
    return false;
  }
  let count = 0;
  const parts = doc.routines.map((routine) => {
    const code = test ? routine.code.filter(test) : routine.code;
    count += code.length;
    const most = routine.code.reduce((max, i) => Math.max(max, Math.abs(i[2])), 1);
    if (test) return code.map((i, at) => instruction(app, i, most, code[at - 1]));
    return [h('header', { class: 'texthead' }, h('h2', { text: routine.name }),
      h('p', { class: 'dim', text: `self ${app.format.value(routine.flat)} · total ${app.format.value(routine.cum)} · ${doc.disassembler}` })),
    routine.problem ? h('p', { class: 'hint note', text: routine.problem }) : null,
    h('div', { class: 'lines', role: 'table', 'aria-label': `Code of ${routine.name}` }, code.map((i, at) => instruction(app, i, most, code[at - 1])))];
  });
  const notes = doc.note ? h('p', { class: 'hint note', text: doc.note }) : null;
  replace(el, notes, count || !test ? parts : h('p', { class: 'hint dim', role: 'cell', text: 'No instruction with a weight is of this line.' }));
  if (!test) el.querySelector('.hot')?.scrollIntoView({ block: 'center' });
  return count > 0;
}
