// SPDX-License-Identifier: Apache-2.0
// Exports: pictures, files, links, text.

import { isFile } from './api.js';
import { pickFiles } from './drop.js';
import { ROW, layOut } from './layout.js';
import { shorten } from './names.js';

export function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

export async function copy(app, text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  app.say(`${what} copied`);
}

const svg = (tag, attributes, text) => {
  const el = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, value);
  if (text !== undefined) el.textContent = text;
  return el;
};

/** Converts a colour for programs that do not know oklch(). */
function plainColor(color) {
  const canvas = plainColor.canvas || (plainColor.canvas = document.createElement('canvas'));
  canvas.width = canvas.height = 1;
  const ctx = canvas.getContext('2d', { willReadFrequently: true });
  ctx.fillStyle = color;
  ctx.fillRect(0, 0, 1, 1);
  const [r, g, b] = ctx.getImageData(0, 0, 1, 1).data;
  return '#' + [r, g, b].map((v) => v.toString(16).padStart(2, '0')).join('');
}

/** The flame graph at the present zoom, all its rows, as SVG. */
export function flameSvg(view) {
  const { flame } = view;
  const width = flame.size().width;
  const boxes = flame.layers.flatMap((layer) => layOut(layer, width, [0, flame.rows]));
  const height = (flame.rows + 1) * ROW + 24;
  const root = svg('svg', { xmlns: 'http://www.w3.org/2000/svg', width, height,
    viewBox: `0 0 ${width} ${height}`, 'font-family': 'ui-monospace,DejaVu Sans Mono,monospace', 'font-size': 12 });
  root.append(svg('title', {}, document.title));
  const dark = getComputedStyle(document.documentElement);
  root.append(svg('rect', { width, height, fill: plainColor(dark.getPropertyValue('--bg')) }));
  const ink = plainColor(dark.getPropertyValue('--box-ink'));
  for (const box of boxes) {
    if (box.w < 0.5) continue;
    const y = box.row * ROW + 4;
    const g = svg('g', {});
    if (box.isStripe) {
      g.append(svg('title', {}, `${box.count} smaller`),
        svg('rect', { x: box.x, y, width: box.w, height: ROW - 2, fill: plainColor(dark.getPropertyValue('--stripe')) }));
    } else {
      g.append(svg('title', {}, view.describe(box.node)), svg('rect', { x: box.x + 0.5, y, rx: 2,
        width: Math.max(box.w - 1, 0.5), height: ROW - 2, fill: plainColor(flame.look.colorOf(box.node)) }));
      const text = shorten(flame.look.nameOf(box.node), box.node.parent ? flame.look.nameOf(box.node.parent) : '',
        Math.floor((box.w - 12) / 7.3));
      if (text) g.append(svg('text', { x: box.x + 6, y: y + 14, fill: ink }, text));
    }
    root.append(g);
  }
  return new XMLSerializer().serializeToString(root);
}

export function exportItems(app) {
  const view = app.current;
  return [
    view?.flame ? { text: 'This picture (SVG)', run: () => save('flame.svg', 'image/svg+xml', flameSvg(view)) } : undefined,
    view?.svg ? { text: 'This graph (SVG)', run: () => save('graph.svg', 'image/svg+xml', view.svg()) } : undefined,
    !isFile ? { text: 'One file that needs no server (HTML)', href: 'export' + app.address().replace(/^[^?#]*/, '').replace(/#.*/, ''), download: 'profile.html' } : undefined,
    !isFile ? { text: 'The profile (pb.gz)', href: 'download' + app.address().replace(/^[^?#]*/, '').replace(/#.*/, ''), download: 'profile.pb.gz' } : undefined,
    view?.table ? null : undefined,
    view?.table ? { text: 'The table (CSV)', run: () => save('table.csv', 'text/csv', view.table.asText(',')) } : undefined,
    view?.table ? { text: 'Copy the table as text', run: () => copy(app, view.table.asText('\t'), 'table') } : undefined,
    null,
    !isFile ? { text: 'Open files … (two are compared)', run: () => pickFiles(app) } : undefined,
    !isFile ? { text: 'Copy a link to this', run: () => copy(app, new URL(app.address(), window.location).href, 'link') } : undefined,
    { text: 'Print', run: () => window.print() },
  ];
}
