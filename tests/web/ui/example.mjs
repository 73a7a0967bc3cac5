// SPDX-License-Identifier: Apache-2.0
// The example servers, on ports of the system's choice.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

export const startExample = () => start('evprof-example', []);

/** The one that takes a configuration file. */
export const startConfigured = (file) => start('evprof-leak', ['0', file]);

/** Starts an example; { url, pid, stop }. */
function start(program, args) {
  const child = spawn(join(dirname(process.env.EVPROF), program), args);
  let said = '';
  return new Promise((resolve, reject) => {
    const read = (data) => {
      said += data;
      const found = /http:\/\/[\d.]+:\d+/.exec(said);
      if (found) {
        resolve({ url: found[0], pid: child.pid, stop: () => new Promise((done) => {
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
