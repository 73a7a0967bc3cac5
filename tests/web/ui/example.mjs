// SPDX-License-Identifier: Apache-2.0
// The example server, on a port of the system's choice.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

/** Starts it; { url, stop }. Arguments: those of evprof-example. */
export function startExample(...args) {
  const child = spawn(join(dirname(process.env.EVPROF), 'evprof-example'), args);
  let said = '';
  return new Promise((resolve, reject) => {
    const read = (data) => {
      said += data;
      const found = /http:\/\/[\d.]+:\d+/.exec(said);
      if (found) {
        resolve({ url: found[0], stop: () => new Promise((done) => {
          child.removeAllListeners('exit');
          child.once('exit', done);
          child.kill();
        }) });
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => reject(new Error(said)));
  });
}
