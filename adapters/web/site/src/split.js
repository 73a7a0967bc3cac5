// SPDX-License-Identifier: Apache-2.0
// A bar between two panes that the pointer or arrow keys move.

import { h } from './dom.js';

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch { /* Browsers may forbid storage; then the position is not kept. */ }
}

function recall(key) {
  try {
    return Number(localStorage.getItem(key)) || 0;
  } catch {
    return 0;
  }
}

export function makeSplit(pane, key) {
  const setWidth = (percent) => {
    const p = Math.min(75, Math.max(15, percent));
    pane.style.flexBasis = p + '%';
    bar.setAttribute('aria-valuenow', Math.round(p));
    remember(key, p);
  };
  const bar = h('div', {
    class: 'splitter', role: 'separator', tabindex: '0',
    'aria-orientation': 'vertical', 'aria-label': 'Width of the table',
    'aria-valuemin': 15, 'aria-valuemax': 75, 'aria-valuenow': 34,
    onpointerdown: (e) => {
      bar.setPointerCapture(e.pointerId);
      bar.onpointermove = (move) => {
        const rect = pane.parentElement.getBoundingClientRect();
        setWidth((move.clientX - rect.left) / rect.width * 100);
      };
    },
    onpointerup: () => { bar.onpointermove = null; },
    onkeydown: (e) => {
      const step = { ArrowLeft: -3, ArrowRight: 3 }[e.key];
      if (!step) return;
      e.preventDefault();
      e.stopPropagation();
      setWidth(Number(bar.getAttribute('aria-valuenow')) + step);
    },
  });
  const kept = recall(key);
  if (kept) setWidth(kept);
  return bar;
}
