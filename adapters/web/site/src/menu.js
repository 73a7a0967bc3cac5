// SPDX-License-Identifier: Apache-2.0
// Menus that open at a button or at the pointer.

import { h } from './dom.js';

let open = null;

export function closeMenu() {
  if (!open) return false;
  const { el, back } = open;
  open = null;
  el.remove();
  document.removeEventListener('pointerdown', onOutside, true);
  if (back?.isConnected) back.focus();
  return true;
}

function onOutside(event) {
  if (open && !open.el.contains(event.target)) closeMenu();
}

function onKey(event) {
  const items = [...open.el.querySelectorAll('[role=menuitem]')];
  const at = items.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    items[(at + step + items.length) % items.length].focus();
  } else if (event.key === 'Escape' || event.key === 'Tab') {
    closeMenu();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Items: { text, hint, run, href }, or null for a separator. */
export function openMenu(items, x, y, label) {
  closeMenu();
  const el = h('div', { class: 'menu', role: 'menu', 'aria-label': label, onkeydown: onKey },
    items.filter((item) => item !== undefined && item !== false).map((item) => item === null
      ? h('hr', { role: 'separator' })
      : h(item.href ? 'a' : 'button', {
        role: 'menuitem', tabindex: '-1', href: item.href, target: item.target,
        rel: item.target ? 'noopener' : undefined, download: item.download,
        onclick: () => {
          closeMenu();
          item.run?.();
        },
      }, h('span', { text: item.text }), item.hint ? h('kbd', { text: item.hint }) : null)));
  const back = document.activeElement;
  (document.querySelector('main') || document.body).append(el);
  const rect = el.getBoundingClientRect();
  el.style.left = Math.max(4, Math.min(x, window.innerWidth - rect.width - 6)) + 'px';
  el.style.top = Math.max(4, Math.min(y, window.innerHeight - rect.height - 6)) + 'px';
  open = { el, back };
  document.addEventListener('pointerdown', onOutside, true);
  el.querySelector('[role=menuitem]')?.focus();
}

export function menuBelow(button, items, label) {
  const rect = button.getBoundingClientRect();
  openMenu(items, rect.left, rect.bottom + 4, label);
}
