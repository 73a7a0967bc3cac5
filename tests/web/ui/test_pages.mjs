// SPDX-License-Identifier: Apache-2.0
// The index and the status page of a server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { check } from './axe.mjs';
import { startExample } from './example.mjs';
import { end, openPage, shot } from './harness.mjs';

let example;
before(async () => { example = await startExample(); });
after(async () => {
  await example.stop();
  await end();
});

for (const colorScheme of ['light', 'dark']) {
  test(`both pages in ${colorScheme}, wide and narrow`, async () => {
    for (const width of [1200, 390]) {
      const page = await openPage({ colorScheme, viewport: { width, height: 900 } });
      for (const [name, path] of [['index', ''], ['status', 'status?format=html']]) {
        await page.goto(`${example.url}/debug/pprof/${path}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name} at ${width}`);
        await check(page, name);
        await shot(page, `${name}_${colorScheme}_${width}`);
      }
      assert.deepEqual(page.problems, []);
      await page.context().close();
    }
  });
}

test('a profile is taken with a count-down', async () => {
  const page = await openPage();
  await page.goto(`${example.url}/debug/pprof/`);
  await page.evaluate(() => { for (const b of document.querySelectorAll('form[action=profile] button')) b.value = '1'; });
  const waiting = page.waitForEvent('download');
  const button = page.locator('form[action=profile] button').first();
  await button.click();
  await page.waitForFunction(() => /to go|finishing/.test(document.querySelector('form[action=profile] button').textContent));
  assert.equal((await waiting).suggestedFilename(), 'profile');
  await page.waitForFunction(() => document.querySelector('form[action=profile] button').textContent === 'taken');
  assert.match(await page.textContent('[data-line*="pprof/profile"]'), new RegExp(`^evprof ${example.url}/debug/pprof/profile\\?seconds=10$`));
});

test('without scripts the same form takes it', async () => {
  const page = await openPage({ javaScriptEnabled: false });
  await page.goto(`${example.url}/debug/pprof/`);
  assert.equal(await page.getAttribute('form[action=profile]', 'method'), 'get');
  assert.equal(await page.getAttribute('form[action=profile] button', 'name'), 'seconds');
  await page.click('a[href="goroutine?debug=1"]');
  assert.match(await page.textContent('body'), /goroutine profile|threads/);
});
