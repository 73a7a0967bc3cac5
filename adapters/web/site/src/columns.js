// SPDX-License-Identifier: Apache-2.0
// The columns of tables of functions.

import { signedPercent } from './format.js';

const name = {
  key: 'name', label: 'Function', isName: true, value: (row) => row.name,
};

function weight(key, label, title, format, total, width) {
  const value = (row) => row[key];
  return {
    key, label, title, value, width,
    text: (row) => format.value(row[key]),
    exact: (row) => `${format.exact(row[key])}, ${format.percent(row[key])}`,
    plain: value,
    share: (row) => row[key] / total,
  };
}

function share(key, label, title, format, of) {
  return {
    key: key + 'share', label, title, width: 70,
    value: (row) => row[of],
    text: (row) => format.percent(row[of]),
  };
}

/** Self and total, and with `wide` their shares. Bars of self are scaled to the
 * largest of them, since they would be too short beside those of total. */
function plainColumns(format, meta, rows, wide) {
  const total = meta.total || 1;
  const most = rows.reduce((max, row) => Math.max(max, Math.abs(row.flat)), 0) || 1;
  const columns = [name,
    weight('flat', 'Self', 'The function alone', format, most, wide ? 100 : 84)];
  if (wide) columns.push(share('flat', 'Self %', 'Of the total', format, 'flat'));
  columns.push(
    weight('cum', 'Total', 'The function and what it calls', format, total, wide ? 100 : 84));
  if (wide) columns.push(share('cum', 'Total %', 'Of the total', format, 'cum'));
  return columns;
}

/** Before, after and the change, for comparisons. */
function comparedColumns(format, meta, wide) {
  const total = meta.total || 1;
  const after = (row, key) => row[key] + row[key + 'Before'];
  const change = (row, key) => ({
    key: key + 'Change',
    label: key === 'flat' ? 'Self ±' : 'Total ±',
    title: 'After less before',
    width: 92, sign: true,
    value: (r) => Math.abs(r[key]), of: (r) => r[key],
    plain: (r) => r[key],
    text: (r) => (r[key] ? format.signed(r[key]) : '0'),
    exact: (r) => format.exact(r[key]),
    share: (r) => r[key] / total,
  });
  const part = (key, label, value) => ({
    key: key + label, label, title: key === 'flat' ? 'The function alone' : 'With what it calls',
    width: 84, value, plain: value, text: (r) => format.value(value(r)),
    exact: (r) => format.exact(value(r)),
  });
  const columns = [name];
  if (wide) {
    columns.push(part('flat', 'Self before', (r) => r.flatBefore),
      part('flat', 'Self after', (r) => after(r, 'flat')));
  }
  columns.push(change(null, 'flat'));
  if (wide) {
    columns.push(part('cum', 'Before', (r) => r.cumBefore),
      part('cum', 'After', (r) => after(r, 'cum')));
  }
  columns.push(change(null, 'cum'));
  if (wide) {
    columns.push({
      key: 'ratio', label: '%', title: 'Change of the total, of what it was before', width: 84,
      value: (r) => r.cumBefore ? r.cum / r.cumBefore : Infinity,
      text: (r) => r.cum === 0 ? '0' : after(r, 'cum') === 0 && r.cumBefore ? 'gone'
        : signedPercent(r.cumBefore ? r.cum / r.cumBefore : Infinity),
    });
  }
  return columns;
}

export function columnsFor({ meta, format, rows }, wide) {
  return meta.compared ? comparedColumns(format, meta, wide)
    : plainColumns(format, meta, rows, wide);
}
