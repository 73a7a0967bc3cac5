// SPDX-License-Identifier: Apache-2.0
// Files that are dropped on the page are opened beside the profile.

import { change, isFile } from './api.js';

async function openFile(app, file) {
  const { profile } = await change('POST', 'open', { name: file.name }, await file.arrayBuffer());
  return String(profile);
}

/** Opens files; two at once are compared, and the first is the base. */
export async function openFiles(app, files) {
  try {
    const ids = [];
    for (const file of files) ids.push(await openFile(app, file));
    const [first, second] = ids;
    const all = Object.fromEntries(Object.keys(app.state.params).map((k) => [k, '']));
    app.setParams(second ? { ...all, pf: second, base: first } : { ...all, pf: first });
  } catch (error) {
    app.say(error.message);
  }
}

export function listenToDrops(app) {
  if (isFile) return;
  const body = document.body;
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    body.classList.add('dropping');
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) body.classList.remove('dropping');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    body.classList.remove('dropping');
    const files = [...event.dataTransfer.files];
    if (files.length) openFiles(app, files);
  });
}

/** Opens a file chooser, for users who cannot drop files. */
export function pickFiles(app) {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.addEventListener('change', () => openFiles(app, [...input.files]));
  input.click();
}
