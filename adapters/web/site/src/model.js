// SPDX-License-Identifier: Apache-2.0
// Documents of the server as objects that views work on.

/** All places that documents have contained, by number. */
export class Places {
  constructor() {
    this.byId = new Map();
    this.byName = new Map();
  }

  read(doc) {
    const p = doc && doc.places;
    if (!p) return;
    for (let i = 0; i < p.id.length; i++) {
      if (this.byId.has(p.id[i])) continue;
      const place = {
        id: p.id[i],
        name: p.name[i],
        line: p.line[i],
        file: p.texts[p.file[i]],
        object: p.texts[p.object[i]],
      };
      this.byId.set(place.id, place);
      if (!this.byName.has(place.name)) this.byName.set(place.name, place);
    }
  }

  get(id) {
    return this.byId.get(id);
  }

  find(name) {
    return this.byName.get(name);
  }
}

/** A box: `w` is its width, `cum` and `self` are its weights. */
function makeNode(f, i, parent) {
  const less = f.cumLess ? f.cumLess[i] : 0;
  const selfLess = f.selfLess ? f.selfLess[i] : 0;
  return {
    place: f.place[i],
    depth: f.depth[i],
    w: f.cum[i] + less,
    cum: f.cum[i] - less,
    self: f.self[i] - selfLess,
    before: less,
    after: f.cum[i],
    selfWidth: f.self[i] + selfLess,
    hidden: f.hidden[i],
    inline: f.inline[i] === 1,
    repeat: f.repeat ? f.repeat[i] : 1,
    parent,
    kids: [],
    x: 0,
  };
}

/** Boxes of a document as a tree; the first one is its root. */
export function readTree(f) {
  const root = makeNode(f, 0, null);
  const open = [root];
  for (let i = 1; i < f.place.length; i++) {
    open.length = f.depth[i];
    const parent = open[open.length - 1];
    const node = makeNode(f, i, parent);
    parent.kids.push(node);
    open.push(node);
  }
  place(root, 0);
  return root;
}

/** Sets where each box begins: children are side by side from the left. */
export function place(root, x) {
  const stack = [root];
  root.x = x;
  while (stack.length) {
    const node = stack.pop();
    let at = node.x;
    for (const kid of node.kids) {
      kid.x = at;
      at += kid.w;
      stack.push(kid);
    }
    node.rest = node.w - node.selfWidth - (at - node.x);
  }
}

/** Replaces a box's children by the finer boxes of a later document. */
export function graft(node, f) {
  const fresh = readTree(f);
  node.kids = fresh.kids;
  node.hidden = fresh.hidden;
  const stack = [];
  for (const kid of node.kids) {
    kid.parent = node;
    stack.push(kid);
  }
  while (stack.length) {
    const one = stack.pop();
    one.depth = one.parent.depth + 1;
    stack.push(...one.kids);
  }
  place(node, node.x);
}

export function pathOf(node) {
  const path = [];
  for (let at = node; at && at.parent; at = at.parent) path.push(at);
  return path.reverse();
}

/** Follows a list of places from `root`, as far as there are nodes. */
export function follow(root, places) {
  let at = root;
  for (const id of places) {
    const next = at.kids.find((kid) => kid.place === id);
    if (!next) break;
    at = next;
  }
  return at;
}

/** Rows of the table. */
export function readRows(doc, places) {
  const r = doc.rows;
  return r.place.map((id, i) => ({
    place: id,
    name: places.get(id).name,
    flat: r.flat[i],
    cum: r.cum[i],
    inline: r.inline[i],
    flatBefore: r.flatLess ? r.flatLess[i] : 0,
    cumBefore: r.cumLess ? r.cumLess[i] : 0,
  }));
}
