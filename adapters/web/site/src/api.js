// SPDX-License-Identifier: Apache-2.0
// Requests to the server. A saved file has no server; offline.js answers in its
// place.

const meta = (name) => {
  const el = document.querySelector(`meta[name="${name}"]`);
  return el ? el.content : '';
};

export const token = meta('evprof-token');
export const layoutUrl = meta('evprof-layout');
export const isFile = token === '';

let offline = null;
export function setOffline(answer) {
  offline = answer;
}

/** Options that are sent with every request for a view. */
export function queryOf(params, extra) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...params, ...extra })) {
    if (value !== undefined && value !== null && value !== '') {
      query.set(key, value);
    }
  }
  const text = query.toString();
  return text ? '?' + text : '';
}

async function answered(response) {
  if (!response.ok) throw new Error((await response.text()).trim());
  return response.json();
}

/** Fetches a document; rejects with the server's reason. */
export async function ask(name, params, extra, signal) {
  if (offline) return offline(name, { ...params, ...extra });
  return answered(await fetch(`data/${name}${queryOf(params, extra)}`, {
    signal, credentials: 'same-origin',
  }));
}

/** Changes something on the server. */
export async function change(method, name, params, body) {
  return answered(await fetch(`${name}${queryOf(params)}`, {
    method, body, headers: { 'X-Evprof-Token': token },
    credentials: 'same-origin',
  }));
}
