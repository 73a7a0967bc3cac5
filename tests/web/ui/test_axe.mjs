// SPDX-License-Identifier: Apache-2.0
// axe-core finds nothing on any view, in light and dark, wide and narrow, nor in
// menus, windows and failures.
import { after, before, test } from 'node:test';
import { check } from './axe.mjs';
import { end, openPage, sample, serve, settled, shot, write } from './harness.mjs';

let server;
let compared;
before(async () => {
  server = await serve(write('sample.folded', sample));
  compared = await serve('-diff_base', write('base.folded', sample.replace('120', '40').replace('memcpy 25', 'memmove 25')), write('sample.folded', sample));
});
after(async () => {
  await server.stop();
  await compared.stop();
  await end();
});

const views = ['flamegraph', 'top', 'graph', 'peek', 'source', 'disasm', 'raw', 'flamegraph?f=((', 'flamegraph?f=json&h=value',
  'flamegraph?inv=1', 'flamegraph?sandwich=memcpy', 'flamegraph?q=json', 'flamegraph?color=heat', 'flamegraph?f=nothing'];

for (const colorScheme of ['light', 'dark']) {
  for (const width of [1440, 390]) {
    test(`${colorScheme}, ${width} pixels`, async () => {
      const page = await openPage({ colorScheme, viewport: { width, height: 844 } });
      for (const view of views) {
        await page.goto(`${server.url}/ui/${view}`);
        await settled(page);
        await page.waitForTimeout(150);
        await check(page, view);
        await shot(page, `axe_${view.replace(/\W+/g, '_')}_${colorScheme}_${width}`);
      }
      for (const view of ['flamegraph', 'top', 'graph']) {
        await page.goto(`${compared.url}/ui/${view}`);
        await settled(page);
        await check(page, `compared ${view}`);
        await shot(page, `compared_${view}_${colorScheme}_${width}`);
      }
      await page.context().close();
    });
  }
  test(`menus and windows, ${colorScheme}`, async () => {
    const page = await openPage({ colorScheme });
    await page.goto(`${server.url}/ui/flamegraph`);
    await settled(page);
    await page.getByRole('button', { name: 'File', exact: true }).click();
    await page.waitForSelector('.menu');
    await check(page, 'export menu');
    await shot(page, `menu_export_${colorScheme}`);
    await page.keyboard.press('Escape');
    await page.click('text=Options');
    await page.waitForSelector('dialog');
    await check(page, 'options');
    await shot(page, `options_${colorScheme}`);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog');
    await check(page, 'help');
    await shot(page, `help_${colorScheme}`);
    await page.context().close();
  });
}
