// SPDX-License-Identifier: Apache-2.0
// The same site in a running server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { check } from './axe.mjs';
import { startConfigured } from './example.mjs';
import { end, openPage, settled, shot, write } from './harness.mjs';

let server;
let page;
let site;
before(async () => {
  server = await startConfigured(write('ui.conf', 'pprof { ui on; }\n'));
  site = `${server.url}/debug/pprof/ui`;
  page = await openPage();
});
after(async () => {
  assert.deepEqual(page.problems, []);
  await server.stop();
  await end();
});

const memory = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024;

test('it is off unless the configuration says so', async () => {
  const plain = await startConfigured(write('plain.conf', 'pprof { }\n'));
  assert.equal((await fetch(`${plain.url}/debug/pprof/ui/flamegraph`)).status, 404);
  assert.doesNotMatch(await (await fetch(`${plain.url}/debug/pprof/`)).text(), /ui\/flamegraph/);
  await plain.stop();
});

test('the index leads to a profile that is taken and shown', async () => {
  const before = memory();
  await page.goto(`${server.url}/debug/pprof/`);
  await page.click('a[href="ui/flamegraph?kind=goroutine"]');
  await page.waitForFunction(() => window.evprof?.current?.flame?.boxes.length > 2);
  assert.match(await page.textContent('.title'), /evprof-leak\s*goroutine/);
  await check(page, 'flame');
  await shot(page, 'mounted_light');
  assert.ok(memory() - before < 8, `${memory() - before} MiB more`);
});

test('without a profile it asks for one', async () => {
  const other = await startConfigured(write('ui.conf', 'pprof { ui on; }\n'));
  await page.goto(`${other.url}/debug/pprof/ui/`);
  await page.waitForSelector('.choices');
  await check(page, 'choice');
  await page.click('.choices button:has-text("heap")');
  await page.waitForFunction(() => window.evprof.meta);
  await other.stop();
});

test('every view answers, and another profile is one click away', async () => {
  for (const view of ['top', 'graph', 'peek', 'source', 'raw', 'flamegraph']) {
    await page.goto(`${site}/${view}?pf=1`);
    await settled(page);
    assert.equal(await page.locator('.failure').count(), 0, view);
  }
  await page.click('text=Live');
  await page.click('[role=menuitem]:has-text("threadcreate")');
  await page.waitForFunction(() => /threadcreate/.test(document.querySelector('.title').textContent));
});

test('it is safe: foreign pages, the token, no source text', async () => {
  assert.equal((await fetch(`${site}/data/flame?pf=1`, { headers: { Origin: 'http://evil.example' } })).status, 403);
  assert.equal((await fetch(`${site}/open?name=heap`, { method: 'POST', body: 'a 1\n' })).status, 403);
  assert.equal((await fetch(`${site}/open?name=heap`)).status, 405);
  assert.equal((await fetch(`${site}/saveconfig?config=x`)).status, 405);
  const answer = await fetch(`${site}/flamegraph`);
  assert.match(answer.headers.get('content-security-policy'), /default-src 'self'/);
  const { functions } = await (await fetch(`${site}/data/source?pf=1`)).json();
  assert.ok(functions.length > 0);
});

test('what is too large is refused, and the server goes on', async () => {
  const [, token] = /evprof-token" content="([0-9a-f]+)"/.exec(await (await fetch(`${site}/flamegraph`)).text());
  const big = await fetch(`${site}/open?name=big`, { method: 'POST', body: 'x'.repeat(300000), headers: { 'X-Evprof-Token': token } });
  assert.equal(big.status, 413);
  assert.equal((await fetch(`${site}/data/flame?pf=1`)).status, 200);
});
