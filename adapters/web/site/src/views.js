// SPDX-License-Identifier: Apache-2.0
// The list of views.

import { isFile } from './api.js';
import { FlameView } from './view_flame.js';
import { GraphView } from './view_graph.js';
import { PeekView } from './view_peek.js';
import { RawView } from './view_raw.js';
import { SourceView } from './view_source.js';
import { TableView } from './view_table.js';

export const views = {
  flame: FlameView,
  table: TableView,
  graph: GraphView,
  peek: PeekView,
  source: SourceView,
  disasm: SourceView,
  raw: RawView,
};

/** The views of a saved file: those that need no server. */
export const hasView = (view) => view in views &&
  (!isFile || view === 'flame' || view === 'table');
