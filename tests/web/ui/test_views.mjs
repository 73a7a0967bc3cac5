// SPDX-License-Identifier: Apache-2.0
// The other views, what is carried between them, and that their numbers are
// those of the text reports.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { end, folder, openPage, sample, serve, settled, shot, write } from './harness.mjs';

let server;
let page;
let file;
before(async () => {
  file = write('sample.folded', sample);
  server = await serve(file);
  page = await openPage();
});
after(async () => {
  assert.deepEqual(page.problems, []);
  await server.stop();
  await end();
});

async function open(path) {
  await page.goto(`${server.url}/ui/${path}`);
  await settled(page);
}

const data = async (name) => (await fetch(`${server.url}/ui/data/${name}`)).json();
const report = (...args) => JSON.parse(execFileSync(process.env.EVPROF, ['-json', '-nodefraction=0', ...args, file], { encoding: 'utf8', cwd: folder }));

test('the table says what the text report says', async () => {
  const wanted = new Map(report().nodes.map((n) => [n.name, [n.flat, n.cum]]));
  const doc = await data('table?count=1000000');
  const names = new Map(doc.places.id.map((id, i) => [id, doc.places.name[i]]));
  assert.equal(doc.rows.place.length, wanted.size);
  doc.rows.place.forEach((id, i) => assert.deepEqual([doc.rows.flat[i], doc.rows.cum[i]], wanted.get(names.get(id)), names.get(id)));
});

test('the calls are those of the text report', async () => {
  const { nodes } = report('-edgefraction=0');
  const doc = await data('table?count=1000000');
  for (const wanted of nodes.filter((n) => /handle|run|object|value/.test(n.name))) {
    const place = doc.places.id[doc.places.name.indexOf(wanted.name)];
    const { calls, places } = await data(`calls?place=${place}`);
    const named = (list) => list.place.map((id, i) => [places.name[places.id.indexOf(id)], list.more[i]]).sort();
    const of = (list) => list.map((c) => [nodes[c.node].name, c.weight]).sort();
    assert.deepEqual(named(calls.callers), of(wanted.callers), wanted.name);
    assert.deepEqual(named(calls.callees), of(wanted.callees), wanted.name);
  }
});

test('the flame graph weighs what the table weighs', async () => {
  const { flame, places } = await data('flame?width=20000');
  const { rows } = await data('table?count=1000000');
  const self = new Map();
  flame.place.forEach((id, i) => self.set(id, (self.get(id) || 0) + flame.self[i]));
  assert.ok(places.id.length > 70);
  rows.place.forEach((id, i) => assert.equal(self.get(id) || 0, rows.flat[i]));
});

test('sorting shows an arrow and changes the order', async () => {
  await open('top');
  const first = () => page.textContent('.table .body .row:first-child .name');
  assert.match(await first(), /pread64/);
  await page.click('.table .head button:has-text("Total"):not(:has-text("%"))');
  assert.match(await first(), /main/);
  assert.equal(await page.getAttribute('.table .head [role=columnheader]:nth-child(4)', 'aria-sort'), 'descending');
  await page.click('.table .head button:has-text("Function")');
  assert.match(await first(), /accept4/);
  await shot(page, 'table_light');
});

test('the selected row has its calls beside it', async () => {
  await open('top?sort=cum');
  await page.click('.table .row:has-text("db::Page::read")');
  await page.waitForSelector('.callpane .self');
  assert.match(await page.textContent('.callpane'), /Callers 1.*db::Store::find.*Callees 1.*pread64/s);
  await page.click('.callpane .call:has-text("pread64")');
  await page.waitForFunction(() => /^pread64/.test(document.querySelector('.callpane .self').textContent));
});

test('rows are walked with the keyboard', async () => {
  await open('top');
  await page.focus('.table .scroller');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.match(await page.textContent('.table .row.selected'), /json::string/);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => window.evprof.state.view === 'flame' && window.evprof.state.sandwich === 'json::string');
});

test('views keep the selection and the filters', async () => {
  await open('flamegraph?f=json&sel=json::object');
  for (const [key, view] of [['2', 'table'], ['3', 'graph'], ['4', 'peek'], ['5', 'source'], ['7', 'raw'], ['1', 'flame']]) {
    await page.keyboard.press(key);
    await page.waitForFunction((wanted) => window.evprof.state.view === wanted && !window.evprof.state.loading, view);
    assert.equal(await page.evaluate(() => window.evprof.state.selected), 'json::object', view);
    assert.match(page.url(), /f=json/);
    assert.equal(await page.locator('.pill').count(), 1);
    assert.equal(await page.getAttribute('nav a[aria-current=page]', 'href').then((href) => href.length > 0), true);
  }
  await page.goBack();
  await page.waitForFunction(() => window.evprof.state.view === 'raw');
});

test('the graph is readable, and nodes can be chosen', async () => {
  await open('graph');
  const size = await page.evaluate(() => document.querySelector('.graph .node text').getBoundingClientRect().height);
  assert.ok(size >= 11, `text is ${size} pixels high`);
  await page.click('.graph .node:has-text("Server::handle")');
  assert.equal(await page.evaluate(() => window.evprof.state.selected), 'net::Server::handle');
  assert.ok(await page.locator('.graph .edge.near').count() >= 2);
  await page.focus('.graph');
  await page.keyboard.press('ArrowDown');
  assert.notEqual(await page.evaluate(() => window.evprof.state.selected), 'net::Server::handle');
  await page.click('text=Fit');
  await shot(page, 'graph_light');
});

test('without dot the page lays the graph out itself', async () => {
  const other = await serve(file);
  await other.stop();
  await open('graph');
  const before = await page.evaluate(() => window.evprof.doc.graph.nodes.length);
  await page.evaluate(() => {
    window.evprof.doc.graph.layout = '';
    return window.evprof.current.show();
  });
  await page.waitForFunction((n) => document.querySelectorAll('.graph .node').length === n && window.evprofLayout, before);
});

test('peek has every function with its calls', async () => {
  await open('peek');
  await page.waitForFunction(() => document.querySelectorAll('.peek .self').length >= 4);
  assert.match(await page.textContent('.peek:first-child'), /main.*510.*91\.1/s);
});

test('source without a file keeps its numbers', async () => {
  await open('source');
  assert.match(await page.textContent('.table .row.selected'), /pread64/);
  assert.match(await page.textContent('.text'), /knows no file/);
});

test('raw is the report of that name', async () => {
  await open('raw');
  assert.match(await page.textContent('.raw'), /Samples:/);
});

test('a failure is shown in the frame, with a way back', async () => {
  const response = await page.goto(`${server.url}/ui/flamegraph?f=((`);
  assert.equal(response.status(), 400);
  await page.waitForSelector('.failure');
  assert.match(await page.textContent('.failure'), /focus/);
  await page.click('text=Without filters');
  await settled(page);
  assert.ok(await page.locator('.flame canvas').count());
});

test('options are set, saved, chosen and deleted', async () => {
  await open('flamegraph');
  await page.keyboard.press('o');
  await page.fill('dialog input[name=h]', 'json::value');
  await page.check('dialog input[name=noinlines]');
  await page.click('dialog >> text=Apply');
  await settled(page);
  assert.match(page.url(), /h=json/);
  await page.click('text=Config');
  await page.click('text=Save these options as');
  await page.fill('dialog input', 'mine');
  await page.click('dialog button.main');
  await page.waitForFunction(() => /saved as mine/.test(document.querySelector('.toast').textContent));
  const saved = JSON.parse(readFileSync(`${folder}/pprof/settings.json`, 'utf8'));
  assert.equal(saved.configs[0].hide, 'json::value');
  await open('flamegraph');
  await page.click('text=Config');
  await page.click('[role=menuitem] >> text="mine"');
  await settled(page);
  assert.match(page.url(), /h=json/);
  await page.click('text=Config');
  await page.click('text=Delete mine');
  await page.waitForFunction(() => /mine is deleted/.test(document.querySelector('.toast').textContent));
});

test('files that are dropped are opened, and compared', async () => {
  await open('flamegraph');
  await page.evaluate(async () => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['a;b 3\na;c 1\n'], 'one.folded'));
    transfer.items.add(new File(['a;b 1\na;c 4\n'], 'two.folded'));
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
  await page.waitForFunction(() => window.evprof.meta.compared);
  assert.match(await page.textContent('.pills'), /4 before, 5 after, \+1/);
  await shot(page, 'dropped_light');
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['\u0000\u0001'], 'bad'));
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
  await page.waitForFunction(() => /parsing|profile|format/.test(document.querySelector('.toast').textContent));
});

test('tables leave as text and CSV, pictures as SVG', async () => {
  await open('flamegraph');
  const csv = await page.evaluate(() => window.evprof.current.table.asText(','));
  assert.match(csv, /^Function,Self,Total\npread64,200,200\n/);
  const waiting = page.waitForEvent('download');
  await page.getByRole('button', { name: 'File', exact: true }).click();
  await page.click('text=This picture (SVG)');
  const text = readFileSync(await (await waiting).path(), 'utf8');
  assert.match(text, /^<svg[^>]*>.*<title>main, 510/s);
  assert.doesNotMatch(text, /oklch|<script/);
});

test('source has an index of functions and one of files', async () => {
  await open('source');
  await page.click('.left >> text=Files');
  assert.equal(await page.getAttribute('.left button:has-text("Files")', 'aria-pressed'), 'true');
  await page.click('.left >> text=Functions');
  assert.match(await page.textContent('.table'), /pread64/);
});

test('files can be chosen, not only dropped', async () => {
  await open('flamegraph');
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'File', exact: true }).click();
  await page.click('[role=menuitem]:has-text("Open files")');
  await (await chooser).setFiles({ name: 'chosen.folded', mimeType: 'text/plain', buffer: Buffer.from('x;y 7\n') });
  await page.waitForFunction(() => window.evprof.meta.total === 7);
});
