// SPDX-License-Identifier: Apache-2.0
// Paints boxes on a canvas.

import { ROW } from './layout.js';
import { shorten } from './names.js';

const FONT = '12px ui-monospace,"SF Mono",Menlo,"DejaVu Sans Mono",monospace';
const PAD = 6;

let charWidth = 0;

function widthOf(ctx, text) {
  // A monospaced font has one width, except for characters it lacks.
  // eslint-disable-next-line no-control-regex
  return /^[\x20-\x7e…]*$/.test(text) ? text.length * charWidth
    : ctx.measureText(text).width;
}

export function theme(el) {
  const style = getComputedStyle(el);
  const get = (name) => style.getPropertyValue(name).trim();
  return {
    isDark: get('--is-dark') === '1',
    ink: get('--box-ink'),
    dim: get('--dim'),
    accent: get('--accent'),
    hit: get('--hit'),
    stripe: get('--stripe'),
    bg: get('--bg'),
  };
}

/** Fits the canvas to its element, at the resolution of the screen. */
export function prepare(canvas, width, height) {
  const k = window.devicePixelRatio || 1;
  const w = Math.round(width * k);
  const h = Math.round(height * k);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = width + 'px';
    canvas.style.height = height + 'px';
  }
  const ctx = canvas.getContext('2d');
  ctx.setTransform(k, 0, 0, k, 0, 0);
  ctx.font = FONT;
  ctx.textBaseline = 'middle';
  if (!charWidth) {
    charWidth = ctx.measureText('0'.repeat(100)).width / 100;
  }
  return ctx;
}

function paintStripe(ctx, box, y, colors, isHovered) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.x, y, box.w, ROW - 2);
  ctx.clip();
  ctx.fillStyle = isHovered ? colors.accent : colors.stripe;
  for (let x = box.x - ROW; x < box.x + box.w; x += 6) {
    ctx.beginPath();
    ctx.moveTo(x, y + ROW - 2);
    ctx.lineTo(x + ROW - 2, y);
    ctx.lineTo(x + ROW + 1, y);
    ctx.lineTo(x + 3, y + ROW - 2);
    ctx.fill();
  }
  const text = `${box.count} smaller`;
  if (box.w > text.length * charWidth + 2 * PAD + 8) {
    const w = text.length * charWidth + 2 * PAD;
    ctx.fillStyle = colors.bg;
    ctx.fillRect(box.x + 4, y + 2, w, ROW - 6);
    ctx.fillStyle = colors.dim;
    ctx.fillText(text, box.x + 4 + PAD, y + (ROW - 2) / 2 + 0.5);
  }
  ctx.restore();
}

/** Paints the note at the right end of a box: its share, or its change. */
function paintNote(ctx, box, y, note, used) {
  const w = widthOf(ctx, note);
  if (box.w - used < w + 3 * PAD) return;
  ctx.globalAlpha *= 0.72;
  ctx.fillText(note, box.x + box.w - w - PAD, y + (ROW - 2) / 2 + 0.5);
}

function paintText(ctx, box, y, p) {
  const room = Math.floor((box.w - 2 * PAD) / charWidth);
  if (room < 2) return;
  const node = box.node;
  const name = p.nameOf(node);
  const text = shorten(name, node.parent ? p.nameOf(node.parent) : '', room);
  if (!text) return;
  ctx.fillText(text, box.x + PAD, y + (ROW - 2) / 2 + 0.5);
  paintNote(ctx, box, y, p.noteOf(node), PAD + widthOf(ctx, text));
}

function outline(ctx, box, y, color, width) {
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.strokeRect(box.x + 1, y + 0.75, Math.max(box.w - 2, 1), ROW - 3.5);
}

function paintBox(ctx, box, y, p) {
  const node = box.node;
  const isDim = p.isDim(node);
  ctx.globalAlpha = isDim ? 0.3 : 1;
  ctx.fillStyle = p.colorOf(node);
  const w = Math.max(box.w - 1, 1);
  if (w < 5) ctx.fillRect(box.x + 0.5, y, w, ROW - 2);
  else {
    ctx.beginPath();
    ctx.roundRect(box.x + 0.5, y, w, ROW - 2, 2);
    ctx.fill();
  }
  if (p.isAbove(node)) ctx.globalAlpha *= 0.75;
  if (node.inline && w > 8) {
    // Inlined calls hang from their callers without a gap.
    ctx.fillRect(box.x + 2, y - 2, w - 3, 2);
  }
  ctx.fillStyle = p.colors.ink;
  if (isDim) ctx.globalAlpha = 0.6;
  if (box.w > 20) paintText(ctx, box, y, p);
  ctx.globalAlpha = 1;
}

function paintMarks(ctx, box, y, p) {
  const node = box.node;
  if (p.isFound(node)) outline(ctx, box, y, p.colors.hit, 1.5);
  if (p.isSelected(node)) outline(ctx, box, y, p.colors.accent, 2);
  else if (p.isHovered(node)) outline(ctx, box, y, p.colors.dim, 1.5);
  if (p.isCurrent(node)) {
    outline(ctx, box, y, p.colors.ink, 2);
  }
}

/** Paints boxes. `p` has their looks; `top` is the first pixel in sight. */
export function paint(ctx, boxes, size, top, p) {
  ctx.clearRect(0, 0, size.width, size.height);
  for (const box of boxes) {
    const y = box.row * ROW + 4 - top;
    if (y < -ROW || y > size.height) continue;
    if (box.isStripe) paintStripe(ctx, box, y, p.colors, p.hoveredBox(box));
    else paintBox(ctx, box, y, p);
  }
  for (const box of boxes) {
    if (!box.isStripe) paintMarks(ctx, box, box.row * ROW + 4 - top, p);
  }
}
