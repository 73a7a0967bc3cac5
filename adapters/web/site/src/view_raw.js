// SPDX-License-Identifier: Apache-2.0
// The profile as text.

import { h, replace } from './dom.js';

export class RawView {
  constructor(app) {
    this.app = app;
    this.text = h('pre', { class: 'raw', tabindex: '0', 'aria-label': 'The profile as text' });
    this.el = h('section', { class: 'pane' }, this.text);
    this.show();
  }

  show() {
    const { doc } = this.app;
    if (doc.text === undefined) return;
    const isCut = doc.textLength > doc.text.length;
    replace(this.text, doc.text, isCut ? h('b', { text: `\n… ${doc.textLength - doc.text.length} bytes more; the download has all of it` }) : null);
  }

  destroy() {}
}
