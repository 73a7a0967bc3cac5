// SPDX-License-Identifier: Apache-2.0
// bundle.mjs DIR: bundles the scripts and styles of the web UI into DIR.
import { build } from 'esbuild';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const site = join(here, '../../adapters/web/site');
const out = process.argv[2];
const common = {
  bundle: true, minify: true, charset: 'utf8', legalComments: 'none',
  target: ['chrome111', 'firefox113', 'safari16.2'], logLevel: 'warning',
  nodePaths: [join(here, 'node_modules')],
};

await build({ ...common, entryPoints: [join(site, 'src/main.js')], format: 'iife', outfile: join(out, 'app.js') });
await build({ ...common, entryPoints: [join(site, 'src/layout_dagre.js')], format: 'iife', outfile: join(out, 'layout.js') });
await build({ ...common, entryPoints: [join(site, 'app.css')], outfile: join(out, 'app.css') });
