// SPDX-License-Identifier: Apache-2.0
// The meaning of colours. The heaviest categories get hues of their own, in
// order of weight, so that neighbours differ; the others are grey.

import { baseName, packageOf } from './names.js';

const hues = [28, 205, 150, 262, 48, 340, 178, 95, 230, 12];

const runtimeLibrary =
  /^(libc|libm|libpthread|libdl|librt|ld-linux.*|ld|libgcc_s|libstdc\+\+|libc\+\+|libc\+\+abi|libresolv)([-.]|$)/;

function kindOf(place, main) {
  const object = baseName(place.object || '');
  if (/^\[(kernel|guest|vsyscall|vdso)/.test(place.object) ||
      /^\[vdso\]|kallsyms|\.ko$/.test(object)) {
    return 'kernel';
  }
  if (/^runtime[./]/.test(place.name)) return 'libc and runtime';
  if (!place.object) return 'unknown';
  if (runtimeLibrary.test(object)) return 'libc and runtime';
  if (object === main) return 'this program';
  return 'libraries';
}

export const modes = [
  ['package', 'by package'],
  ['file', 'by file'],
  ['object', 'by binary'],
  ['kind', 'by kind'],
  ['root', 'by label'],
  ['heat', 'by own weight'],
  ['diff', 'by difference'],
];

/** The category of a place in a mode. */
export function categoryOf(mode, place, main) {
  switch (mode) {
    case 'file': return place.file ? baseName(place.file) : '(no file)';
    case 'object': return place.object ? baseName(place.object) : '(no binary)';
    case 'kind': return kindOf(place, main);
    default: return packageOf(place.name) || '(C)';
  }
}

/** The colours of one view; categories are ranked by the weight of rows. */
export class Palette {
  constructor(mode, rows, places, meta, isDark) {
    this.mode = mode;
    this.isDark = isDark;
    this.main = meta.title;
    this.total = meta.more + meta.less || 1;
    this.cache = new Map();
    this.numbers = new Map();
    this.legend = [];
    if (mode !== 'heat' && mode !== 'diff' && mode !== 'root') {
      this.rank(rows, places);
    }
  }

  rank(rows, places) {
    const weights = new Map();
    for (const row of rows) {
      const category = this.category(places.get(row.place));
      weights.set(category, (weights.get(category) || 0) + Math.abs(row.flat));
    }
    const sorted = [...weights].sort((a, b) => b[1] - a[1]);
    for (const [category, weight] of sorted) {
      if (this.numbers.size < hues.length) {
        this.numbers.set(category, this.numbers.size);
        this.legend.push({ category, weight, color: this.hue(category, 0) });
      }
    }
  }

  category(place) {
    return categoryOf(this.mode, place, this.main);
  }

  hue(category, variation) {
    const number = this.numbers.get(category);
    const v = variation * 0.006;
    if (number === undefined) {
      return this.isDark ? `oklch(${0.42 + v} .008 260)`
        : `oklch(${0.87 + v} .008 260)`;
    }
    return this.isDark ? `oklch(${0.46 + v} .075 ${hues[number]})`
      : `oklch(${0.84 + v} .075 ${hues[number]})`;
  }

  /** The colour of a place, in modes where boxes do not matter. */
  of(place) {
    let color = this.cache.get(place.id);
    if (!color) {
      let sum = 0;
      for (let i = 0; i < place.name.length; i++) {
        sum = (sum * 31 + place.name.charCodeAt(i)) | 0;
      }
      color = this.hue(this.category(place), (((sum % 9) + 9) % 9) - 4);
      this.cache.set(place.id, color);
    }
    return color;
  }

  heat(share) {
    const s = Math.min(1, Math.sqrt(Math.max(0, share)) * 2);
    return this.isDark ? `oklch(${0.36 + 0.2 * s} ${0.02 + 0.12 * s} 40)`
      : `oklch(${0.93 - 0.2 * s} ${0.015 + 0.125 * s} 55)`;
  }

  /** Blue for less, orange for more; the stronger the larger the change. */
  change(node) {
    if (node.w === 0) return this.heat(0);
    const share = (node.after - node.before) / node.w;
    const s = Math.min(1, Math.abs(share) * 1.15);
    if (s < 0.01) {
      return this.isDark ? 'oklch(.40 .004 260)' : 'oklch(.91 .003 260)';
    }
    const hue = share > 0 ? 60 : 250;
    return this.isDark ? `oklch(${0.42 + 0.14 * s} ${0.02 + 0.11 * s} ${hue})`
      : `oklch(${0.93 - 0.17 * s} ${0.01 + 0.12 * s} ${hue})`;
  }

  /** Labels at the root give their colour to all boxes above them. */
  root(node, places) {
    let top = node;
    while (top.parent && top.parent.parent) top = top.parent;
    const name = top.place < 0 ? '' : places.get(top.place).name;
    if (!this.numbers.has(name) && this.numbers.size < hues.length) {
      this.numbers.set(name, this.numbers.size);
    }
    return this.hue(name, 0);
  }

  box(node, places) {
    if (this.mode === 'diff') return this.change(node);
    if (node.place < 0) return this.isDark ? '#2b3036' : '#eceded';
    if (this.mode === 'heat') return this.heat(Math.abs(node.selfWidth) / this.total);
    if (this.mode === 'root') return this.root(node, places);
    return this.of(places.get(node.place));
  }
}
