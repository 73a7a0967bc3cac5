// SPDX-License-Identifier: Apache-2.0
// Formats values with units, with as many digits as the text reports.

const families = [
  { names: ['b', 'byte', 'kb', 'kilobyte', 'mb', 'megabyte', 'gb', 'gigabyte'],
    units: [['B', 1], ['kB', 1024], ['MB', 1048576], ['GB', 1073741824],
      ['TB', 1099511627776], ['PB', 1125899906842624]] },
  { names: ['ns', 'nanosecond', 'us', 'µs', 'μs', 'microsecond', 'ms',
      'millisecond', 's', 'sec', 'second', 'hr', 'hour'],
    units: [['ns', 1], ['µs', 1e3], ['ms', 1e6], ['s', 1e9],
      ['hrs', 3600e9]] },
];
const factors = {
  b: 1, byte: 1, kb: 1024, kilobyte: 1024, mb: 1048576, megabyte: 1048576,
  gb: 1073741824, gigabyte: 1073741824,
  ns: 1, nanosecond: 1, us: 1e3, 'µs': 1e3, 'μs': 1e3, microsecond: 1e3,
  ms: 1e6, millisecond: 1e6, s: 1e9, sec: 1e9, second: 1e9,
  hr: 3600e9, hrs: 3600e9, hour: 3600e9,
};

function plain(unit) {
  const low = unit.toLowerCase();
  return low.length > 2 && low.endsWith('s') ? low.slice(0, -1) : low;
}

/** At most two decimals, without zeros at the end. */
function digits(value) {
  return value.toFixed(2).replace(/\.?0+$/, '') || '0';
}

/** A count with thin spaces between thousands. */
export function count(value) {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** How values of a profile are printed. */
export function makeFormat(meta) {
  const from = plain(meta.unit || '');
  const family = families.find((f) => f.names.includes(from));
  const target = plain(meta.outputUnit || '');
  const ratio = meta.ratio || 1;
  const fixed = family && family.names.includes(target) && factors[target];
  function value(v) {
    const scaled = Math.trunc(v * ratio);
    if (!family) {
      const unit = from && from !== 'count' && from !== 'unit' ? ' ' + meta.unit : '';
      return (Number.isInteger(scaled) ? count(Math.abs(scaled)) : digits(Math.abs(scaled)))
        .replace(/^/, scaled < 0 ? '−' : '') + unit;
    }
    const base = scaled * factors[from];
    let best = family.units[0];
    for (const unit of family.units) {
      if (fixed ? unit[1] <= fixed : unit[1] <= Math.abs(base)) best = unit;
    }
    const text = digits(Math.abs(base) / best[1]);
    return (base < 0 && text !== '0' ? '−' : '') + text + '\u202f' + best[0];
  }
  return {
    value,
    signed: (v) => (v > 0 ? '+' : '') + value(v),
    /** The exact number, for tooltips and copies. */
    exact: (v) => `${Math.trunc(v * ratio)} ${meta.unit}`,
    percent: (v, of = meta.total) => percent(of ? v / of : 0),
  };
}

/** A share as "12.3 %". */
export function percent(share) {
  const p = Math.abs(share) * 100;
  const text = p === 0 ? '0' : p < 0.05 ? '<0.1' : p.toFixed(1);
  return (share < 0 ? '−' : '') + text + '\u202f%';
}

export const signedPercent = (share) =>
  Number.isFinite(share) ? (share > 0 ? '+' : '') + percent(share) : 'new';
