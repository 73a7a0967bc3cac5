// SPDX-License-Identifier: Apache-2.0
// The address of a page contains all that the page shows, under pprof's names
// where it has them, so that a bookmark works in both tools.

export const views = [
  ['flame', 'flamegraph', 'Flame'],
  ['table', 'top', 'Table'],
  ['graph', 'graph', 'Graph'],
  ['peek', 'peek', 'Peek'],
  ['source', 'source', 'Source'],
  ['disasm', 'disasm', 'Disassembly'],
  ['raw', 'raw', 'Raw'],
];

/** Options of views: parameter, label, kind. */
export const options = [
  ['f', 'focus', 'regexp', 'Only stacks with a matching frame'],
  ['i', 'ignore', 'regexp', 'Without stacks that have a matching frame'],
  ['h', 'hide', 'regexp', 'Matching frames are taken out'],
  ['s', 'show', 'regexp', 'Only matching frames stay'],
  ['sf', 'show from', 'regexp', 'Frames above the highest match are cut off'],
  ['prunefrom', 'prune from', 'regexp', 'Frames below the lowest match are cut off'],
  ['tf', 'tag focus', 'tag', 'Only stacks with a matching label: key=value or a range'],
  ['ti', 'tag ignore', 'tag', 'Without stacks that have a matching label'],
  ['ts', 'tag show', 'regexp', 'Only labels with a matching key'],
  ['th', 'tag hide', 'regexp', 'Labels with a matching key are taken out'],
  ['tagroot', 'tag root', 'tag', 'Labels as frames at the root, keys separated by commas'],
  ['tagleaf', 'tag leaf', 'tag', 'Labels as frames at the leaf'],
  ['g', 'granularity', ['', 'functions', 'filefunctions', 'files', 'lines', 'addresses'], 'What one frame is'],
  ['unit', 'unit', ['', 'auto', 'ns', 'us', 'ms', 's', 'B', 'kB', 'MB', 'GB'], 'Unit of values'],
  ['n', 'node count', 'number', 'Nodes of the graph'],
  ['nf', 'node fraction', 'number', 'Smallest share of a node in the graph'],
  ['ef', 'edge fraction', 'number', 'Smallest share of an edge in the graph'],
  ['trim', 'trim', 'off', 'Off: light nodes and edges stay in the graph'],
  ['calltree', 'call tree', 'on', 'The graph keeps contexts apart'],
  ['mean', 'mean', 'on', 'Values divided by the number of samples'],
  ['dropneg', 'drop negative', 'on', 'Without what became less'],
  ['norm', 'normalise', 'on', 'Both profiles of a comparison count the same'],
  ['rel', 'relative', 'on', 'Percentages of what the filters leave'],
  ['noinlines', 'no inlines', 'on', 'Inlined calls belong to their callers'],
  ['showcolumns', 'columns', 'on', 'Columns of lines are kept'],
  ['compact', 'compact labels', 'on', ''],
  ['intel', 'Intel syntax', 'on', 'Of the disassembly'],
  ['sort', 'sort', ['', 'flat', 'cum'], 'Order of the table'],
];
const optionKeys = options.map(([key]) => key);

/** Options shown as pills, which those of sorting and trimming are not. */
export const pillKeys = optionKeys.filter((k) =>
  !['sort', 'compact', 'unit', 'n', 'nf', 'ef'].includes(k));

/** Parameters of the page, not of the view's document. */
export const pageKeys = ['color', 'flip', 'inv', 'sandwich', 'q', 'p', 'sel',
  'file', 'recursion'];

const dataKeys = [...optionKeys, 'si', 'pf', 'base'];

export function viewOfPath(path) {
  const leaf = path.slice(path.lastIndexOf('/') + 1);
  const found = views.find(([, page]) => page === leaf);
  return found ? found[0] : 'flame';
}

/** Reads an address: { view, params, page, zoom }. */
export function readAddress(location) {
  const query = new URLSearchParams(location.search);
  const params = {};
  const page = {};
  for (const [key, value] of query) {
    if (dataKeys.includes(key) && value !== '') params[key] = value;
    else if (pageKeys.includes(key)) page[key] = value;
  }
  const zoom = /^#z=([\d,]+)$/.exec(location.hash);
  return {
    view: viewOfPath(location.pathname),
    params,
    page,
    zoom: zoom ? zoom[1].split(',').map(Number) : [],
  };
}

/** The address of a view, relative to the site. */
export function addressOf(view, params, page, zoom) {
  const query = new URLSearchParams();
  for (const key of dataKeys) if (params[key]) query.set(key, params[key]);
  for (const key of pageKeys) if (page && page[key]) query.set(key, page[key]);
  const text = query.toString();
  const leaf = views.find(([name]) => name === view)[1];
  return leaf + (text ? '?' + text : '') +
    (zoom && zoom.length ? '#z=' + zoom.join(',') : '');
}
