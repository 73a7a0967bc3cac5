// SPDX-License-Identifier: Apache-2.0
// The report -flame: one file, the same look and keys, nothing asked of anybody.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { end, folder, openPage, sample, settled, shot, write } from './harness.mjs';

let page;
before(async () => {
  execFileSync(process.env.EVPROF, ['-flame', '-output', `${folder}/flame.html`, write('sample.folded', sample)], { cwd: folder });
  page = await openPage();
  page.asked = [];
  page.on('request', (request) => { if (!/^(data|blob):/.test(request.url())) page.asked.push(request.url()); });
  await page.goto(pathToFileURL(`${folder}/flame.html`).href);
  await settled(page);
});
after(async () => {
  assert.deepEqual(page.problems, []);
  assert.equal(page.asked.length, 1);
  await end();
});

test('it shows the flame graph and the table', async () => {
  assert.match(await page.textContent('.pills'), /shows 560 of 560/);
  assert.ok(await page.locator('.table .body .row').count() > 10);
  assert.deepEqual(await page.locator('.bar nav a').allTextContents(), ['Flame', 'Table']);
  await shot(page, 'file_light');
});

test('search, sandwich, inverted and calls need no server', async () => {
  await page.keyboard.press('/');
  await page.keyboard.type('json::');
  await page.waitForFunction(() => window.evprof.state.found?.count === 5);
  assert.match(await page.textContent('.result'), /5 · 32\.1/);
  await page.fill('.search input', '');
  await page.waitForFunction(() => window.evprof.state.found === null);
  await page.click('.table .row:has-text("memcpy")');
  await page.keyboard.press('s');
  await page.waitForFunction(() => window.evprof.current.flame.layers.length === 2);
  await page.keyboard.press('Escape');
  await page.keyboard.press('i');
  await page.waitForFunction(() => window.evprof.state.inverted && window.evprof.current.root.kids[0].place >= 0 &&
    window.evprof.places.get(window.evprof.current.root.kids[0].place).name === 'pread64');
  await page.keyboard.press('2');
  await page.click('.table .row:has-text("pread64")');
  await page.waitForFunction(() => /db::Page::read/.test(document.querySelector('.callpane').textContent));
});
