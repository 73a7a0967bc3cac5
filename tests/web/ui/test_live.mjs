// SPDX-License-Identifier: Apache-2.0
// Profiles of a server that runs: other kinds, other seconds, watching.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startExample } from './example.mjs';
import { end, openPage, serve, settled, shot } from './harness.mjs';

let example;
let server;
let page;
let load;
before(async () => {
  example = await startExample();
  const { url } = example;
  load = { isOn: true };
  load.done = (async () => {
    while (load.isOn) await fetch(`${url}/primes`).then((r) => r.text()).catch(() => null);
  })();
  server = await serve(`${url}/debug/pprof/profile?seconds=1`);
  page = await openPage();
  await page.goto(`${server.url}/ui/flamegraph`);
  await settled(page);
});
after(async () => {
  assert.deepEqual(page.problems, []);
  await server.stop();
  load.isOn = false;
  await load.done;
  await example.stop();
  await end();
});

const idle = () => page.waitForFunction(() => !window.evprof.state.live?.busy && !window.evprof.state.loading);

test('another profile of the server is one click away', async () => {
  await page.click('text=Live');
  await page.click('[role=menuitem]:has-text("goroutine")');
  await page.waitForFunction(() => window.evprof.state.params.pf === '1');
  await idle();
  assert.match(await page.textContent('.title'), /goroutine|threads/);
  await page.selectOption('select[aria-label=Profile]', '0');
  await idle();
  assert.match(await page.textContent('.title'), /cpu/);
  await shot(page, 'live_light');
});

test('the page can be used while a profile is taken', async () => {
  const code = page.evaluate(() => fetch('reload?seconds=1', {
    method: 'POST', headers: { 'X-Evprof-Token': document.querySelector('meta[name=evprof-token]').content } }).then((r) => r.status));
  assert.equal(await code, 202);
  const start = Date.now();
  assert.equal((await page.request.get(`${server.url}/ui/data/table`)).status(), 200);
  assert.ok(Date.now() - start < 900);
  let answer;
  do {
    answer = await (await page.request.get(`${server.url}/ui/data/live`)).json();
  } while (answer.busy);
  assert.equal(answer.profile, 0);
});

test('watching shows what changed, until it is stopped', async () => {
  await page.evaluate(() => window.evprof.load());
  await page.click('text=Live');
  await page.click('[role=menuitem]:has-text("Watch, every 5 seconds")');
  await page.waitForFunction(() => /measuring, \d/.test(document.querySelector('.live')?.textContent));
  await page.waitForFunction(() => window.evprof.meta.compared);
  await page.click('text=stop watching');
  assert.match(await page.textContent('.pills'), /before.*after/);
});
