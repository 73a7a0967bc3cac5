// SPDX-License-Identifier: Apache-2.0
// axe-core on a page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { axePath } from './harness.mjs';

const axe = readFileSync(axePath, 'utf8');

/** Fails with what axe-core finds. The debugger runs it: policies keep scripts out. */
export async function check(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const list = found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
  assert.deepEqual(list, [], what);
}
