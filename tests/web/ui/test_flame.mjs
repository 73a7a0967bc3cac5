// SPDX-License-Identifier: Apache-2.0
// The flame graph and the table beside it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { end, openPage, sample, serve, settled, shot, write } from './harness.mjs';

let server;
let page;
before(async () => {
  server = await serve(write('sample.folded', sample));
  page = await openPage();
});
after(async () => {
  assert.deepEqual(page.problems, []);
  await server.stop();
  await end();
});

const state = (read) => page.evaluate(read);

/** Where the box with that name is drawn, in the page. */
async function boxOf(name) {
  return page.evaluate((wanted) => {
    const { flame } = window.evprof.current;
    const box = flame.boxes.find((b) => !b.isStripe && flame.look.nameOf(b.node) === wanted);
    const rect = flame.scroller.getBoundingClientRect();
    return box && { x: rect.left + box.x + box.w / 2, y: rect.top + box.row * 22 + 14 - flame.scroller.scrollTop, w: box.w };
  }, name);
}

async function open(path = 'flamegraph') {
  await page.goto(`${server.url}/ui/${path}`);
  await settled(page);
}

test('the root leads to the flame graph', async () => {
  await page.goto(server.url);
  await settled(page);
  assert.match(page.url(), /\/ui\/flamegraph$/);
  assert.ok(await boxOf('main'));
  await shot(page, 'flame_light');
});

test('boxes and rows follow each other', async () => {
  await open();
  const box = await boxOf('pread64');
  await page.mouse.move(box.x, box.y);
  await page.waitForSelector('.table .row.hovered');
  assert.match(await page.textContent('.table .row.hovered'), /pread64/);
  assert.match(await page.textContent('footer.details'), /pread64.*self.*200.*total.*200/);
  await page.click('.table .row:has-text("memcpy")');
  assert.equal(await state(() => window.evprof.state.selected), 'memcpy');
});

test('a click zooms, Escape and the way back undo it', async () => {
  await open();
  const small = await boxOf('json::string');
  await page.mouse.click(small.x, small.y);
  await page.waitForFunction(() => {
    const layer = window.evprof.current.flame.layers[0];
    return layer.to - layer.from === layer.focus.w;
  });
  assert.ok((await boxOf('json::string')).w > 800);
  assert.match(await page.textContent('.crumbs'), /all.*main/);
  assert.match(page.url(), /#z=/);
  await page.reload();
  await settled(page);
  assert.ok((await boxOf('json::string')).w > 800);
  await page.keyboard.press('0');
  await page.waitForFunction(() => window.evprof.current.flame.layers[0].focus.parent === null);
});

test('narrow boxes are drawn together and open', async () => {
  await page.setViewportSize({ width: 620, height: 700 });
  await open();
  const stripe = await state(() => {
    const { flame } = window.evprof.current;
    const box = flame.boxes.find((b) => b.isStripe && b.count > 30);
    const rect = flame.scroller.getBoundingClientRect();
    return { count: box.count, x: rect.left + box.x + box.w / 2, y: rect.top + box.row * 22 + 14 };
  });
  await page.mouse.move(stripe.x, stripe.y);
  assert.match(await page.textContent('footer.details'), new RegExp(`${stripe.count} smaller`));
  await page.mouse.click(stripe.x, stripe.y);
  await page.waitForFunction(() => window.evprof.current.flame.boxes.some(
    (b) => !b.isStripe && /tiny::f/.test(window.evprof.current.flame.look.nameOf(b.node)) && b.w > 6));
  await page.setViewportSize({ width: 1440, height: 900 });
});

test('search counts, weighs, dims and steps', async () => {
  await open();
  await page.keyboard.press('/');
  await page.keyboard.type('^json::');
  await page.waitForFunction(() => window.evprof.state.found?.count === 5);
  assert.match(await page.textContent('.result'), /^5 · 32\.1/);
  await page.keyboard.press('Enter');
  assert.match(await page.textContent('.result'), /^1 of \d+/);
  await shot(page, 'flame_search');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => window.evprof.state.found === null);
});

test('a bad expression says so and keeps the page', async () => {
  await open();
  await page.fill('.search input', '((');
  await page.waitForFunction(() => /closing/.test(document.querySelector('.result').textContent));
  await page.fill('.search input', '');
});

test('inverted, flame and sandwich', async () => {
  await open();
  await page.click('text=Inverted');
  await settled(page);
  assert.ok(await boxOf('pread64'));
  assert.match(page.url(), /inv=1/);
  await page.click('.tools >> text=Inverted');
  await settled(page);
  await page.click('.tools >> text=Flame');
  const rows = await state(() => window.evprof.current.flame.layers[0].up);
  assert.equal(rows, true);
  await open('flamegraph?sandwich=db::Store::find');
  await page.waitForFunction(() => window.evprof.current.flame.layers.length === 2);
  await settled(page);
  const callers = await boxOf('net::Server::handle');
  const callees = await boxOf('memcpy');
  const self = await boxOf('db::Store::find');
  assert.ok(callers.y < self.y && self.y < callees.y);
  await shot(page, 'flame_sandwich');
});

test('pprof\'s pivot parameter shows the function', async () => {
  await open('flamegraph?p=Store::find');
  await page.waitForFunction(() => window.evprof.state.sandwich === 'db::Store::find');
});

test('filters are pills with a cross, and there is an undo', async () => {
  await open('flamegraph?f=json');
  assert.match(await page.textContent('.pills'), /focusjson/);
  assert.match(await page.textContent('.pills'), /shows 180 of 560/);
  await page.click('.pill button');
  await settled(page);
  assert.equal(await page.locator('.pill').count(), 0);
  await page.keyboard.press('z');
  await page.waitForSelector('.pill');
});

test('the keyboard walks the tree, and it can be read aloud', async () => {
  await open();
  await page.focus('.tree');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const current = () => page.evaluate(() => document.getElementById(
    document.querySelector('.tree').getAttribute('aria-activedescendant')).textContent);
  assert.match(await current(), /^net::Server::run, 510, 91\.1/);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowRight');
  assert.match(await current(), /^start_thread, 50/);
  await page.keyboard.press('Enter');
  assert.equal(await state(() => window.evprof.state.selected), 'start_thread');
});

test('colours have a legend that shows one category alone', async () => {
  await open();
  const keys = await page.locator('.legend .key').allTextContents();
  assert.ok(keys.some((key) => key.startsWith('json')));
  await page.click('.legend .key:has-text("json")');
  assert.equal(await state(() => window.evprof.state.category), 'json');
  await page.click('.legend .key:has-text("json")', { button: 'right' });
  assert.equal(await page.locator('[role=menuitem]').count(), 3);
  await page.keyboard.press('Escape');
  await page.dblclick('.legend .key:has-text("json")');
  await settled(page);
  assert.match(await page.textContent('.pills'), /shows 180 of 560/);
  await page.click('.pill button');
  await settled(page);
  await page.selectOption('select[aria-label=Colour]', 'heat');
  assert.match(page.url(), /color=heat/);
});

test('the context menu filters', async () => {
  await open();
  const box = await boxOf('db::Store::find');
  await page.mouse.click(box.x, box.y, { button: 'right' });
  await page.click('[role=menuitem]:has-text("Focus on it")');
  await settled(page);
  assert.match(await page.textContent('.pill'), /\^db::Store::find\$/);
});

test('a phone shows it without scrolling sideways', async () => {
  const phone = await openPage({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: 'dark' });
  await phone.goto(`${server.url}/ui/flamegraph`);
  await settled(phone);
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= 390));
  await shot(phone, 'flame_phone_dark');
  const table = await phone.getByRole('button', { name: 'Table', exact: true });
  await table.tap();
  await phone.waitForSelector('.table .body .row');
  await shot(phone, 'flame_phone_table_dark');
  assert.deepEqual(phone.problems, []);
  await phone.context().close();
});
