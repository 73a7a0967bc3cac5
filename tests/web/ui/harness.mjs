// SPDX-License-Identifier: Apache-2.0
// What tests of the web UI share: the tool on a profile, a browser, folded
// stacks to make profiles of.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
export const axePath = require.resolve('axe-core/axe.min.js');

export const folder = mkdtempSync(join(tmpdir(), 'evprof-web-'));

/** Writes a file into a folder that is removed at the end; its name. */
export function write(name, text) {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** Starts `evprof -http` and waits until it says where it is. */
export function serve(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.env.EVPROF,
      ['-http=127.0.0.1:0', '-no_browser', ...args],
      { env: { ...process.env, XDG_CONFIG_HOME: folder, HOME: folder, TZ: 'UTC' }, cwd: folder });
    let said = '';
    child.stderr.on('data', (data) => {
      said += data;
      const found = /Serving web UI on (\S+)/.exec(said);
      if (found) {
        resolve({ url: found[1], child, stop: () => new Promise((done) => {
          child.once('exit', done);
          child.kill();
        }) });
      }
    });
    child.once('exit', () => reject(new Error(`evprof ended: ${said}`)));
  });
}

let browser = null;

/** A page in a browser; errors in it fail the test that looks at `problems`. */
export async function openPage(options = {}) {
  browser ||= await chromium.launch({
    executablePath: process.env.BROWSER_PATH, args: ['--no-sandbox'] });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) {
      page.problems.push(message.text());
    }
  });
  return page;
}

/** Waits until the page shows what it was asked for. */
export async function settled(page) {
  await page.waitForFunction(() => window.evprof && !window.evprof.state.loading);
  await page.evaluate(() => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(done))));
}

export async function shot(page, name) {
  await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`) });
}

export async function end() {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Stacks of a small server, with recursion and long names. */
export const sample = [
  'main;net::Server::run();net::Server::handle(net::Request const&);json::parse<std::string>(std::string const&);json::object;json::value;json::object;json::value;json::string 120',
  'main;net::Server::run();net::Server::handle(net::Request const&);json::parse<std::string>(std::string const&);json::object;json::value;json::number 60',
  'main;net::Server::run();net::Server::handle(net::Request const&);db::Store::find(unsigned long);db::Page::read(int);pread64 200',
  'main;net::Server::run();net::Server::handle(net::Request const&);db::Store::find(unsigned long);memcpy 25',
  'main;net::Server::run();net::Server::accept();accept4 30',
  'main;net::Server::run();epoll_wait 15',
  'start_thread;gc::sweep(bool);gc::Arena::release(void*);madvise 50',
  ...Array.from({ length: 60 }, (_, i) => `main;net::Server::run();tiny::f${i}() 1`),
].join('\n') + '\n';
