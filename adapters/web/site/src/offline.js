// SPDX-License-Identifier: Apache-2.0
// Answers requests in a saved file, in place of a server, from the one document
// in the file. Boxes that were too narrow at the time of saving are missing.

/** Stacks of a flame document: { path, more, less }, the path from the root. */
function readStacks(f) {
  const stacks = [];
  const path = [];
  for (let i = 1; i < f.place.length; i++) {
    path.length = f.depth[i] - 1;
    path.push(f.place[i]);
    const less = f.selfLess ? f.selfLess[i] : 0;
    if (f.self[i] || less) stacks.push({ path: path.slice(), more: f.self[i], less });
  }
  return stacks;
}

const newBox = (place) => ({ place, more: 0, less: 0, selfMore: 0, selfLess: 0, kids: new Map() });

/** Folds [{ path, more, less }] into the columns of a flame document. */
function fold(stacks, isSigned) {
  const root = newBox(-1);
  for (const { path, more, less } of stacks) {
    let at = root;
    at.more += more;
    at.less += less;
    for (const place of path) {
      let kid = at.kids.get(place);
      if (!kid) at.kids.set(place, kid = newBox(place));
      at = kid;
      at.more += more;
      at.less += less;
    }
    at.selfMore += more;
    at.selfLess += less;
  }
  return columns(root, isSigned);
}

function columns(root, isSigned) {
  const f = { place: [], depth: [], cum: [], self: [], hidden: [], inline: [] };
  if (isSigned) Object.assign(f, { cumLess: [], selfLess: [] });
  const waiting = [[root, 0]];
  while (waiting.length) {
    const [box, depth] = waiting.pop();
    f.place.push(box.place);
    f.depth.push(depth);
    f.cum.push(box.more);
    f.self.push(box.selfMore);
    f.hidden.push(0);
    f.inline.push(0);
    if (isSigned) {
      f.cumLess.push(box.less);
      f.selfLess.push(box.selfLess);
    }
    const kids = [...box.kids.values()].sort((a, b) => (a.more + a.less) - (b.more + b.less));
    for (const kid of kids) waiting.push([kid, depth + 1]);
  }
  return f;
}

function sandwich(stacks, place, isSigned) {
  const callers = [];
  const callees = [];
  for (const { path, more, less } of stacks) {
    const at = path.indexOf(place);
    if (at < 0) continue;
    callers.push({ path: path.slice(0, at + 1).reverse(), more, less });
    callees.push({ path: path.slice(at), more, less });
  }
  return { callers: fold(callers, isSigned), callees: fold(callees, isSigned) };
}

function tally(map, seen, place, { more, less }) {
  if (seen.has(place)) return;
  seen.add(place);
  const sum = map.get(place) || { more: 0, less: 0 };
  sum.more += more;
  sum.less += less;
  map.set(place, sum);
}

function sorted(map) {
  const list = [...map].sort((a, b) => (b[1].more + b[1].less) - (a[1].more + a[1].less));
  return { place: list.map(([p]) => p), more: list.map(([, s]) => s.more), less: list.map(([, s]) => s.less) };
}

function calls(stacks, place) {
  const callers = new Map();
  const callees = new Map();
  for (const stack of stacks) {
    const [up, down] = [new Set(), new Set()];
    stack.path.forEach((id, i) => {
      const next = stack.path[i + 1];
      if (next === undefined || next === id) return;
      if (next === place) tally(callers, up, id, stack);
      if (id === place) tally(callees, down, next, stack);
    });
  }
  return { place, callers: sorted(callers), callees: sorted(callees) };
}

function search(doc, stacks, text) {
  const pattern = new RegExp(text);
  const { places } = doc;
  const found = places.id.filter((_, i) => pattern.test(places.name[i]) || pattern.test(places.texts[places.file[i]]));
  const set = new Set(found);
  const hits = stacks.filter(({ path }) => path.some((id) => set.has(id)));
  const sum = (key) => hits.reduce((total, stack) => total + stack[key], 0);
  return { count: found.length, place: found, more: sum('more'), less: sum('less') };
}

/** The function that api.js calls instead of a server. */
export function makeOffline(doc) {
  const stacks = readStacks(doc.flame);
  const isSigned = doc.meta.signed;
  const upwards = () => fold(stacks.map((s) => ({ ...s, path: s.path.slice().reverse() })), isSigned);
  return async (name, params) => {
    switch (name) {
      case 'search': return { found: search(doc, stacks, params.q) };
      case 'calls': return { calls: calls(stacks, Number(params.place)) };
      case 'flame':
        if (params.kind === 'sandwich') return sandwich(stacks, Number(params.place), isSigned);
        return { ...doc, flame: params.kind === 'up' ? upwards() : doc.flame };
      case 'table': return doc;
      default: throw new Error('This needs evprof -http');
    }
  };
}
