// SPDX-License-Identifier: Apache-2.0
// The state of a page, and its listeners.

export function makeStore(initial) {
  const state = { ...initial };
  const listeners = [];
  return {
    state,
    /** Changes the state and calls the listeners of the keys that changed. */
    set(changes) {
      const changed = new Set();
      for (const [key, value] of Object.entries(changes)) {
        if (state[key] !== value) {
          state[key] = value;
          changed.add(key);
        }
      }
      if (changed.size === 0) return;
      for (const { keys, call } of [...listeners]) {
        if (keys.some((key) => changed.has(key))) call(state);
      }
    },
    /** Calls `call` when one of the keys changes; returns a function to stop. */
    on(keys, call) {
      const entry = { keys, call };
      listeners.push(entry);
      return () => listeners.splice(listeners.indexOf(entry), 1);
    },
  };
}
