// SPDX-License-Identifier: Apache-2.0
// Lays a tree of boxes out as rectangles. Only boxes in sight are laid out, so
// that the time does not depend on the size of the tree.

export const ROW = 22;
const NARROW = 3; // pixels; narrower boxes are merged into a stripe
const STRIPE = 0.75; // pixels; narrower stripes are not drawn

/**
 * A tree with the part of it that is shown. `up`: it grows upwards from its
 * row; `from`, `to`: the range of its width that fills the screen.
 */
export class Layer {
  constructor(root, row, up) {
    this.root = root;
    this.row = row;
    this.up = up;
    this.focus = root;
    this.from = root.x;
    this.to = root.x + (root.w || 1);
  }

  scale(width) {
    return width / (this.to - this.from);
  }

  rowOf(node) {
    return this.up ? this.row - node.depth : this.row + node.depth;
  }
}

export function depthOf(root) {
  let depth = 0;
  const stack = [root];
  while (stack.length) {
    const node = stack.pop();
    if (node.depth > depth) depth = node.depth;
    for (const kid of node.kids) stack.push(kid);
    if (node.rest > 0 && node.hidden > 0 && node.depth + 1 > depth) {
      depth = node.depth + 1;
    }
  }
  return depth;
}

function stripe(layer, parent, from, to, count, weight, width) {
  const k = layer.scale(width);
  const x0 = Math.max(0, (from - layer.from) * k);
  const x1 = Math.min(width, (to - layer.from) * k);
  if (x1 - x0 < STRIPE) return null;
  return {
    layer, node: parent, isStripe: true, count, weight, from, to,
    x: x0, w: x1 - x0,
    row: layer.up ? layer.rowOf(parent) - 1 : layer.rowOf(parent) + 1,
  };
}

/** Children that are wide enough, and one stripe for the others. */
function layChildren(layer, node, width, out, next) {
  const k = layer.scale(width);
  let narrowFrom = -1;
  let narrow = 0;
  let end = node.x;
  for (const kid of node.kids) {
    end = kid.x + kid.w;
    if (kid.w * k < NARROW) {
      if (narrowFrom < 0) narrowFrom = kid.x;
      narrow++;
      continue;
    }
    if (end > layer.from && kid.x < layer.to) next.push(kid);
  }
  const rest = node.hidden > 0 ? Math.max(0, node.rest) : 0;
  const from = narrowFrom < 0 ? end : narrowFrom;
  const to = end + rest;
  const count = narrow + node.hidden;
  if (count > 0 && to > from && to > layer.from && from < layer.to) {
    const box = stripe(layer, node, from, to, count, to - from, width);
    if (box) out.push(box);
  }
}

/** The boxes of a layer that are in sight. Rows: [first, last]. */
export function layOut(layer, width, rows) {
  const out = [];
  const stack = [layer.root];
  const k = layer.scale(width);
  while (stack.length) {
    const node = stack.pop();
    const row = layer.rowOf(node);
    const x0 = Math.max(0, (node.x - layer.from) * k);
    const x1 = Math.min(width, (node.x + node.w - layer.from) * k);
    const isSkipped = layer.skipRoot && node === layer.root;
    if (row >= rows[0] && row <= rows[1] && !isSkipped) {
      out.push({ layer, node, x: x0, w: Math.max(x1 - x0, 0), row });
    }
    const isPast = layer.up ? row < rows[0] : row > rows[1];
    if (!isPast) layChildren(layer, node, width, out, stack);
  }
  return out;
}

/** The box at a point, or null. */
export function hit(boxes, x, row) {
  for (let i = boxes.length - 1; i >= 0; i--) {
    const box = boxes[i];
    if (box.row === row && x >= box.x && x < Math.max(box.x + box.w, box.x + 1)) {
      return box;
    }
  }
  return null;
}
