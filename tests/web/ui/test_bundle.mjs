// SPDX-License-Identifier: Apache-2.0
// What is embedded is what the sources bundle to, and it is small.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const site = join(here, '../../../adapters/web/site');

test('the bundle is that of the sources', () => {
  const out = mkdtempSync(join(tmpdir(), 'evprof-bundle-'));
  execFileSync(process.execPath, [join(here, '../bundle.mjs'), out]);
  for (const name of ['app.js', 'app.css', 'layout.js']) {
    assert.ok(readFileSync(join(out, name)).equals(readFileSync(join(site, 'dist', name))),
      `${name} is not what the sources bundle to: npm run bundle`);
  }
  rmSync(out, { recursive: true });
});

test('scripts and style are at most 150 kB in gzip', () => {
  const size = ['app.js', 'app.css'].reduce((sum, name) =>
    sum + gzipSync(readFileSync(join(site, 'dist', name))).length, 0);
  assert.ok(size <= 150000, `${size} bytes`);
});

test('no source is longer than 400 lines, and none writes markup', () => {
  for (const name of readdirSync(join(site, 'src')).filter((n) => n.endsWith('.js'))) {
    const text = readFileSync(join(site, 'src', name), 'utf8');
    assert.ok(text.split('\n').length <= 401, `${name} is too long`);
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/, name);
  }
});
