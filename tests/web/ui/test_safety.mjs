// SPDX-License-Identifier: Apache-2.0
// Nobody else's page gets in, and no name of a profile runs.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { end, openPage, serve, settled, write } from './harness.mjs';

const hostile = [
  '<script>window.ran=1</script>', '"><img src=x onerror=window.ran=1>', "';window.ran=1;//", '</script><script>window.ran=1</script>',
  '<!--', '${window.ran=1}', 'javascript:window.ran=1', '\u202eevil', '&lt;b&gt;', '<svg/onload=window.ran=1>',
].map((name) => `main;${name};leaf${name} 10`).join('\n') + '\n';

let server;
let port;
before(async () => {
  server = await serve(write('hostile<b>.folded', hostile));
  port = Number(new URL(server.url).port);
});
after(async () => {
  await server.stop();
  await end();
});

/** Asks with headers of our own; { status, headers, body }. */
const ask = (path, headers = {}, method = 'GET') => new Promise((resolve, reject) => {
  const request = http.request({ host: '127.0.0.1', port, path, method, headers: { Host: `127.0.0.1:${port}`, ...headers } }, (response) => {
    let body = '';
    response.on('data', (d) => { body += d; });
    response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
  });
  request.on('error', reject);
  request.end();
});

test('names run no script on any view', async () => {
  const page = await openPage();
  for (const view of ['flamegraph', 'top', 'graph', 'peek', 'source', 'disasm', 'raw', 'flamegraph?f=%3Cscript%3Ewindow.ran=1%3C/script%3E((', 'flamegraph?q=%3Cimg src=x onerror=window.ran=1%3E']) {
    await page.goto(`${server.url}/ui/${view}`);
    await settled(page);
    await page.waitForTimeout(100);
    assert.equal(await page.evaluate(() => window.ran), undefined, view);
  }
  assert.equal(await page.locator('img').count(), 0);
  await page.goto(`${server.url}/ui/export`).catch(() => null);
  await page.context().close();
});

test('foreign hosts and origins are refused', async () => {
  assert.equal((await ask('/ui/flamegraph')).status, 200);
  assert.equal((await ask('/ui/flamegraph', { Host: 'evil.example' })).status, 403);
  assert.equal((await ask('/ui/flamegraph', { Host: `evil.example:${port}` })).status, 403);
  assert.equal((await ask('/ui/data/flame', { Origin: 'http://evil.example' })).status, 403);
  assert.equal((await ask('/ui/data/flame', { 'Sec-Fetch-Site': 'cross-site' })).status, 403);
});

test('state is changed by POST and DELETE with the token only', async () => {
  assert.equal((await ask('/ui/saveconfig?config=x')).status, 405);
  assert.equal((await ask('/ui/saveconfig?config=x', { 'Content-Length': 0 }, 'POST')).status, 403);
  assert.equal((await ask('/ui/deleteconfig?config=x', {}, 'DELETE')).status, 403);
  assert.equal((await ask('/ui/flamegraph', { 'Content-Length': 0 }, 'POST')).status, 405);
  const [, token] = /name="evprof-token" content="([0-9a-f]{32})"/.exec((await ask('/ui/flamegraph')).body);
  assert.equal((await ask('/ui/saveconfig?config=x', { 'X-Evprof-Token': token, 'Content-Length': 0 }, 'POST')).status, 200);
  assert.equal((await ask('/ui/deleteconfig?config=x', { 'X-Evprof-Token': token }, 'DELETE')).status, 200);
});

test('each answer has its headers', async () => {
  for (const path of ['/ui/flamegraph', '/ui/data/flame', '/ui/nothing', '/']) {
    const { headers } = await ask(path);
    assert.match(headers['content-security-policy'], /default-src 'self'/);
    assert.doesNotMatch(headers['content-security-policy'], /unsafe/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['x-frame-options'], 'DENY');
  }
  const page = await ask('/ui/flamegraph');
  const [, script] = /src="(static\/app\.js\?[0-9a-f]+)"/.exec(page.body);
  const { headers } = await ask(`/ui/${script}`, { 'Accept-Encoding': 'gzip' });
  assert.match(headers['cache-control'], /immutable/);
  assert.equal(headers['content-encoding'], 'gzip');
  assert.equal((await ask(`/ui/${script}`, { 'If-None-Match': headers.etag })).status, 304);
});

test('files that the profile does not name are not read', async () => {
  assert.equal((await ask('/ui/data/source?file=/etc/passwd')).status, 404);
  assert.equal((await ask('/ui/data/source?file=../../etc/passwd')).status, 404);
});

test('on other addresses the token of the URL becomes a cookie', async () => {
  const open = await serve('-http=0.0.0.0:0', write('small.folded', 'a 1\n'));
  const url = new URL(open.url.replace('0.0.0.0', '127.0.0.1'));
  const get = (path, headers = {}) => fetch(`http://127.0.0.1:${url.port}${path}`, { headers, redirect: 'manual' });
  assert.equal((await get('/ui/flamegraph')).status, 403);
  assert.equal((await get('/ui/flamegraph?token=wrong')).status, 403);
  const first = await get(url.pathname + url.search);
  assert.equal(first.status, 303);
  const cookie = first.headers.get('set-cookie');
  assert.match(cookie, /HttpOnly; SameSite=Strict/);
  assert.equal((await get('/ui/flamegraph', { Cookie: cookie.split(';')[0] })).status, 200);
  await open.stop();
});
