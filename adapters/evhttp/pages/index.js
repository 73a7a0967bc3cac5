// SPDX-License-Identifier: Apache-2.0
// Takes profiles with a count-down, and writes the address of this server into
// the commands. The page works without this script.
'use strict';

for (const line of document.querySelectorAll('[data-line]')) {
  line.textContent = line.dataset.line.replace(/(^evprof )/, `$1${location.origin}`);
  const button = document.createElement('button');
  button.className = 'copy';
  button.textContent = 'copy';
  button.setAttribute('aria-label', `copy ${line.textContent}`);
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(line.textContent).catch(() => null);
    button.textContent = 'copied';
    setTimeout(() => { button.textContent = 'copy'; }, 2000);
  });
  line.after(button);
}

function nameOf(response, fallback) {
  const found = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') || '');
  return found ? found[1] : fallback;
}

async function take(form, button) {
  const text = button.textContent;
  const end = Date.now() + button.value * 1000;
  button.disabled = true;
  const timer = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    button.textContent = left > 0 ? `${left} s to go` : 'finishing';
  }, 200);
  try {
    const response = await fetch(`${form.getAttribute('action')}?seconds=${button.value}`);
    if (!response.ok) throw new Error(await response.text());
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await response.blob());
    link.download = nameOf(response, form.getAttribute('action'));
    link.click();
    button.textContent = 'taken';
  } catch (error) {
    button.textContent = error.message.trim().slice(0, 80);
  }
  clearInterval(timer);
  setTimeout(() => {
    button.textContent = text;
    button.disabled = false;
  }, 3000);
}

for (const form of document.forms) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    take(form, event.submitter);
  });
}
