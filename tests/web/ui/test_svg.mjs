// SPDX-License-Identifier: Apache-2.0
// The SVG image that `evprof -svg` writes, opened as a file: it pans, zooms,
// fits and searches by mouse, touch and keys.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { end, folder, openPage, sample, shot, write } from './harness.mjs';

const image = join(folder, 'graph.svg');
const hasDot = spawnSync('dot', ['-V']).status === 0;
const options = { skip: hasDot ? false : 'Graphviz is not installed' };

before(() => {
  if (hasDot) {
    const made = spawnSync(process.env.EVPROF,
      ['-svg', '-nodecount=200', `-output=${image}`, write('stacks', sample)]);
    assert.equal(made.status, 0, String(made.stderr));
  }
});
after(end);

/** What the drawing is moved by: scale, x, y. */
async function place(page) {
  const text = await page.evaluate(() =>
    document.getElementById('viewport').getAttribute('transform'));
  const found = /^matrix\(([-\d.e]+),0,0,([-\d.e]+),([-\d.e]+),([-\d.e]+)\)$/.exec(text);
  assert.ok(found, text);
  return { scale: Number(found[1]), x: Number(found[3]), y: Number(found[4]) };
}

async function open(more) {
  const page = await openPage(more);
  await page.goto(`file://${image}`);
  return page;
}

test('mouse: fits, zooms at the pointer, pans', options, async () => {
  const page = await open();
  const start = await place(page);
  const box = await page.evaluate(() =>
    document.getElementById('viewport').getBoundingClientRect().toJSON());
  assert.ok(box.left >= 0 && box.top >= 0 && box.right <= 1440 && box.bottom <= 900);
  await page.mouse.move(700, 450);
  await page.mouse.wheel(0, -300);
  await page.waitForFunction((scale) => {
    const view = document.getElementById('viewport');
    return Number(view.getAttribute('transform').slice(7).split(',')[0]) > scale;
  }, start.scale);
  const zoomed = await place(page);
  /* The point under the pointer stays where it is. */
  const before = (700 - start.x) / start.scale;
  const now = (700 - zoomed.x) / zoomed.scale;
  assert.ok(Math.abs(before - now) < 0.5, `${before} ${now}`);
  await page.mouse.down();
  await page.mouse.move(800, 500, { steps: 4 });
  await page.mouse.up();
  const panned = await place(page);
  assert.ok(Math.abs(panned.x - zoomed.x - 100) < 1);
  assert.ok(Math.abs(panned.y - zoomed.y - 50) < 1);
  await page.mouse.move(10, 10);
  assert.deepEqual(await place(page), panned);
  await page.mouse.dblclick(700, 450);
  assert.deepEqual(await place(page), start);
  await shot(page, 'svg');
  assert.deepEqual(page.problems, []);
});

test('keys: zoom, pan, fit', options, async () => {
  const page = await open();
  const start = await place(page);
  await page.keyboard.press('+');
  const zoomed = await place(page);
  assert.ok(zoomed.scale > start.scale);
  await page.keyboard.press('ArrowLeft');
  assert.ok((await place(page)).x > zoomed.x);
  await page.keyboard.press('ArrowDown');
  assert.ok((await place(page)).y < zoomed.y);
  await page.keyboard.press('-');
  await page.keyboard.press('-');
  assert.ok((await place(page)).scale < zoomed.scale);
  await page.keyboard.press('0');
  assert.deepEqual(await place(page), start);
  assert.deepEqual(page.problems, []);
});

test('search: marks what matches and goes there', options, async () => {
  const page = await open();
  await page.keyboard.press('/');
  await page.keyboard.type('Page::read');
  assert.equal(await page.textContent('#found'), '1 found');
  const marked = await page.evaluate(() =>
    [...document.querySelectorAll('g.node [stroke-width="4"]')].map((shape) =>
      shape.getBoundingClientRect().toJSON()));
  assert.equal(marked.length, 1);
  assert.ok(Math.abs(marked[0].left + marked[0].width / 2 - 720) < 5);
  assert.ok(Math.abs(marked[0].top + marked[0].height / 2 - 450) < 5);
  await page.keyboard.press('Escape');
  assert.equal(await page.textContent('#found'), '');
  assert.equal(await page.evaluate(() =>
    document.querySelectorAll('g.node [stroke-width="4"]').length), 0);
  await page.keyboard.press('/');
  await page.keyboard.type('json::parse|[');
  /* What is no regular expression is looked for as it is. */
  assert.equal(await page.textContent('#found'), '0 found');
  assert.deepEqual(page.problems, []);
});

test('touch: two fingers zoom, one pans', options, async () => {
  const page = await open({ hasTouch: true });
  const start = await place(page);
  const client = await page.context().newCDPSession(page);
  const touch = (type, points) => client.send('Input.dispatchTouchEvent', {
    type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  await touch('touchStart', [[600, 450], [800, 450]]);
  await touch('touchMove', [[500, 450], [900, 450]]);
  await touch('touchEnd', []);
  const zoomed = await place(page);
  assert.ok(Math.abs(zoomed.scale / start.scale - 2) < 0.05, `${zoomed.scale}`);
  await touch('touchStart', [[700, 450]]);
  await touch('touchMove', [[740, 480]]);
  await touch('touchEnd', []);
  const panned = await place(page);
  assert.ok(Math.abs(panned.x - zoomed.x - 40) < 1);
  assert.ok(Math.abs(panned.y - zoomed.y - 30) < 1);
  assert.deepEqual(page.problems, []);
});
