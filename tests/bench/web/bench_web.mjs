// SPDX-License-Identifier: Apache-2.0
// bench_web.mjs EVPROF [FOLDER]: see README.md. Times are medians of loads with
// an empty cache, from the start of the navigation to the second frame after it;
// machines are noisy, so what counts is the ratio.
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(join(dirname(fileURLToPath(import.meta.url)), '../../web/package.json'));
const { chromium } = require('playwright-core');
const evprof = process.argv[2];
const folder = process.argv[3] || mkdtempSync(join(tmpdir(), 'evprof-bench-web-'));
const LOADS = 3;

/** Folded stacks in which a tree forms: what follows depends on what was. */
function make(name, count, depth, functions, roots) {
  const file = join(folder, `${name}.pb.gz`);
  if (existsSync(file)) return file;
  let seed = 7;
  const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 4294967296;
  const nameOf = (i) => `ns${i % 23}::Class${i % 97}::method${i}(int, char const*)`;
  const lines = [];
  for (let i = 0; i < count; i++) {
    let at = Math.floor(random() * roots);
    const stack = [nameOf(at)];
    for (let k = 1; k < depth; k++) {
      at = ((Math.imul(at + k, 2654435761) >>> 0) % functions + Math.floor(-Math.log(1 - random()) / 1.2)) % functions;
      stack.push(nameOf(at));
    }
    lines.push(`${stack.join(';')} ${1 + Math.floor(random() * 99)}`);
  }
  const folded = join(folder, `${name}.folded`);
  writeFileSync(folded, lines.join('\n') + '\n');
  execFileSync(evprof, ['-proto', '-output', file, folded], { stdio: 'ignore' });
  return file;
}

const peak = (pid) => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1024;
};

/** All processes that a process started: each of its threads may have. */
function childOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number))
      .flatMap((child) => [child, ...childOf(child)]);
  } catch {
    return [];
  }
}

/** pprof cannot choose a port. */
const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

function start(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...process.env, XDG_CONFIG_HOME: folder } });
    const read = (data) => {
      const found = /Serving web UI on (\S+)/.exec(data);
      if (found) setTimeout(() => resolve({ url: found[1], child, pids: () => [child.pid, ...childOf(child.pid)] }), 300);
    };
    child.stderr.on('data', read);
    child.stdout.on('data', read);
    child.once('error', () => resolve(null));
    child.once('exit', () => resolve(null));
  });
}

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

function startFiles(root, profile) {
  const server = http.createServer((request, response) => {
    const path = new URL(request.url, 'http://x').pathname;
    const file = path === '/profile' ? profile : join(root, path === '/' ? 'index.html' : path);
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': types[extname(file)] || 'application/octet-stream', 'Content-Length': statSync(file).size });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() })));
}

const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
let browser;

/** Loads a page: { ms, bytes }. `ready`: when it is drawn. */
async function load(url, ready) {
  const times = [];
  let bytes = 0;
  for (let i = 0; i < LOADS; i++) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    bytes = 0;
    session.on('Network.loadingFinished', (e) => { bytes += e.encodedDataLength; });
    const from = Date.now();
    try {
      await page.goto(url, { timeout: 60000 });
      if (ready) await page.waitForFunction(ready, null, { timeout: 60000 });
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      times.push(Date.now() - from);
    } catch {
      times.push(NaN);
    }
    await context.close();
  }
  return { ms: median(times), bytes };
}

async function firstByte(url) {
  const from = process.hrtime.bigint();
  try {
    await fetch(url, { signal: AbortSignal.timeout(60000) }).then((r) => r.body.getReader().read());
  } catch {
    return NaN;
  }
  return Number(process.hrtime.bigint() - from) / 1e6;
}

const cell = (value, unit) => (value === undefined || Number.isNaN(value) ? '-' : `${value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit}`).padStart(14);
const row = (what, ours, peers, unit) => console.log(what.padEnd(34) + cell(ours, unit) + peers.map((p) => cell(p, unit)).join(''));

async function interact(url) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(`${url}/ui/flamegraph`);
  await page.waitForFunction(() => window.evprof?.current?.flame?.boxes.length);
  const result = await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const { flame } = window.evprof.current;
    const box = flame.boxes.filter((b) => !b.isStripe && b.node.parent).sort((a, b) => b.w - a.w)[3] || flame.boxes[1] || flame.boxes[0];
    let from = performance.now();
    flame.zoomTo(box.layer, box.node, null);
    await frame();
    await frame();
    const zoom = performance.now() - from;
    const input = document.querySelector('.search input');
    from = performance.now();
    input.value = 'method1';
    input.dispatchEvent(new Event('input'));
    while (!window.evprof.state.found) await frame();
    await frame();
    const search = performance.now() - from;
    const frames = [];
    let last = performance.now();
    for (let i = 0; i < 120; i++) {
      const rect = flame.scroller.getBoundingClientRect();
      flame.scroller.dispatchEvent(new PointerEvent('pointermove', { clientX: rect.left + (i * 11) % rect.width, clientY: rect.top + 30 + (i * 7) % 400, pointerType: 'mouse' }));
      await frame();
      frames.push(performance.now() - last);
      last = performance.now();
    }
    frames.sort((a, b) => a - b);
    return { zoom, search, hover: frames[Math.floor(frames.length * 0.95)] };
  });
  await page.close();
  return result;
}

const scope = (() => {
  try {
    return join(dirname(require.resolve('speedscope/package.json')), 'dist/release');
  } catch {
    return null;
  }
})();

async function measure(name, file) {
  const ours = await start(evprof, ['-http=127.0.0.1:0', '-no_browser', file]);
  const pprof = await start('go', ['tool', 'pprof', `-http=127.0.0.1:${await freePort()}`, '-no_browser', '-symbolize=none', file]);
  const files = scope && await startFiles(scope, file);
  console.log(`\n${name}`.padEnd(35) + ['evprof', 'pprof', 'speedscope'].map((n) => n.padStart(14)).join(''));
  const drawn = () => window.evprof?.current?.flame?.boxes.length > 0;
  const flame = [await load(`${ours.url}/ui/flamegraph`, drawn), pprof && await load(`${pprof.url}/ui/flamegraph`),
    files && await load(`${files.url}/#profileURL=${encodeURIComponent(files.url + '/profile')}`, () => document.querySelectorAll('canvas').length >= 2)];
  row('flame: bytes of the first load', flame[0].bytes / 1000, [flame[1]?.bytes / 1000, flame[2]?.bytes / 1000], 'kB');
  row('flame: painted', flame[0].ms, [flame[1]?.ms, flame[2]?.ms], 'ms');
  for (const [what, path] of [['table', 'top'], ['graph', 'graph'], ['source', 'source'], ...(name.startsWith('100') ? [] : [['peek', 'peek']])]) {
    row(`${what}: first byte`, await firstByte(`${ours.url}/ui/${path}`), [pprof ? await firstByte(`${pprof.url}/ui/${path}`) : undefined], 'ms');
  }
  if (name.startsWith('100')) row('peek: first byte', await firstByte(`${ours.url}/ui/peek`), [], 'ms');
  row('table: first byte, again', await firstByte(`${ours.url}/ui/top`), [pprof ? await firstByte(`${pprof.url}/ui/top`) : undefined], 'ms');
  const times = await interact(ours.url);
  row('zoom, two frames', times.zoom, [], 'ms');
  row('search, painted', times.search, [], 'ms');
  row('hover, p95 of a frame', times.hover, [], 'ms');
  const memory = (s) => s && Math.max(...s.pids().map((pid) => { try { return peak(pid); } catch { return 0; } }));
  row('server: peak memory', memory(ours), [pprof ? memory(pprof) : undefined], 'MiB');
  for (const s of [ours, pprof]) {
    for (const pid of s ? s.pids().reverse() : []) {
      try {
        process.kill(pid);
      } catch { /* It ended by itself. */ }
    }
  }
  files?.stop();
}

browser = await chromium.launch({ executablePath: process.env.BROWSER_PATH || '/usr/bin/chromium', args: ['--no-sandbox'] });
await measure('300 x 25', make('stacks300', 300, 25, 400, 3));
await measure('20 000 x 40', make('stacks20k', 20000, 40, 3000, 3));
await measure('100 000 x 30', make('stacks100k', 100000, 30, 12000, 4000));
await browser.close();
if (!process.argv[3]) rmSync(folder, { recursive: true, force: true });
process.exit(0);
