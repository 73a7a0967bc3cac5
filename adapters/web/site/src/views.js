// SPDX-License-Identifier: Apache-2.0
// Which view shows what.

import { isFile } from './api.js';
import { FlameView } from './view_flame.js';
import { RawView } from './view_raw.js';
import { TableView } from './view_table.js';

export const views = {
  flame: FlameView,
  table: TableView,
  raw: RawView,
};

/** A file that was saved has what needs no server. */
export const hasView = (view) => view in views &&
  (!isFile || view === 'flame' || view === 'table');
