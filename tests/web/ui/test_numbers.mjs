// SPDX-License-Identifier: Apache-2.0
// What pages show equals what the text reports print, over the test profiles and
// the options that change numbers. No browser: pages show these documents as
// they are.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { dirname, join } from 'node:path';
import { end, folder, serve, write } from './harness.mjs';

const profiles = { S: ['server'], L: ['server', 'late'], A: ['arena'] };
const servers = {};
before(async () => {
  const make = join(dirname(process.env.EVPROF), '../tests/make_input');
  for (const [name, args] of Object.entries(profiles)) {
    write(name, execFileSync(make, args));
    servers[name] = await serve('-symbolize=none', join(folder, name));
  }
  servers.D = await serve('-symbolize=none', '-diff_base', join(folder, 'S'), join(folder, 'L'));
  servers.B = await serve('-symbolize=none', '-base', join(folder, 'S'), join(folder, 'L'));
});
after(async () => {
  for (const server of Object.values(servers)) await server.stop();
  await end();
});

const sources = (name) => (name === 'D' ? ['-diff_base', 'S', 'L'] : name === 'B' ? ['-base', 'S', 'L'] : [name]);
const data = async (name, path) => (await fetch(`${servers[name].url}/ui/data/${path}`)).json();
const report = (name, flags) => JSON.parse(execFileSync(process.env.EVPROF,
  ['-symbolize=none', '-json', '-nodefraction=0', '-edgefraction=0', ...flags, ...sources(name)],
  { encoding: 'utf8', cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }));

// Options: flags of a report, and the same as a URL has them.
const cases = [
  [[], ''],
  [['-cum'], 'sort=cum'],
  [['-lines'], 'g=lines'],
  [['-files'], 'g=files'],
  [['-filefunctions'], 'g=filefunctions'],
  [['-addresses', '-noinlines'], 'g=addresses&noinlines=t'],
  [['-noinlines'], 'noinlines=t'],
  [['-focus=Cart|walk'], 'f=Cart%7Cwalk'],
  [['-ignore=memcpy'], 'i=memcpy'],
  [['-hide=^leaf$'], 'h=%5Eleaf%24'],
  [['-show_from=Cart', '-relative_percentages'], 'sf=Cart&rel=t'],
  [['-tagfocus=client=alice'], 'tf=client%3Dalice'],
  [['-tagroot=client'], 'tagroot=client'],
];

for (const name of ['S', 'L', 'A', 'D', 'B']) {
  test(`profile ${name}`, async () => {
    let compared = 0;
    for (const [flags, query] of cases) {
      let wanted;
      try {
        wanted = report(name, flags);
      } catch {
        continue; // The report refuses it; so may the page.
      }
      const what = `${name} ${flags.join(' ')}`;
      const doc = await data(name, `table?count=1000000&${query}`);
      const names = new Map(doc.places.id.map((id, i) => [id, doc.places.name[i]]));
      const got = doc.rows.place.map((id, i) => [names.get(id), doc.rows.flat[i], doc.rows.cum[i]]);
      const kept = wanted.nodes.map((n) => [n.name, n.flat, n.cum]);
      const key = (row) => JSON.stringify(row);
      const zero = ([, flat, cum]) => flat === 0 && cum === 0;
      assert.deepEqual(got.filter((r) => !zero(r)).map(key).sort(), kept.filter((r) => !zero(r)).map(key).sort(), what);
      assert.equal(doc.meta.total, wanted.profile.total, what);
      const { flame } = await data(name, `flame?width=20000&${query}`);
      assert.equal(flame.cum[0] - (flame.cumLess ? flame.cumLess[0] : 0), doc.meta.more - doc.meta.less, what);
      compared++;
    }
    assert.ok(compared >= cases.length - 2, `${compared} of ${cases.length} could be compared`);
  });
}
