// SPDX-License-Identifier: Apache-2.0
// Colours of source lines: comments, strings, numbers, keywords. Each line is
// coloured alone, since lines are shown in pieces.

import { h } from './dom.js';

const words = new Set(('alignas alignof auto bool break case catch char class co_await co_return co_yield ' +
  'const constexpr consteval constinit continue decltype default delete do double else enum explicit export ' +
  'extern false final float for friend goto if inline int long mutable namespace new noexcept nullptr operator ' +
  'override private protected public register requires return short signed sizeof static static_assert struct ' +
  'switch template this thread_local throw true try typedef typename union unsigned using virtual void volatile ' +
  'while chan defer fallthrough func go import interface map nil package range select type var fn impl let match ' +
  'mod mut pub self trait use where def from lambda pass raise with yield async await None True False ' +
  'size_t ssize_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t string byte rune error').split(' '));

const token = /(\/\/.*|#\s*(?:include|define|undef|ifn?def|if|elif|else|endif|pragma|error)\b.*|\/\*.*?(?:\*\/|$))|("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?)|\b(0[xX][\da-fA-F']+|\d[\d.']*(?:[eE][+-]?\d+)?\w*)\b|([A-Za-z_]\w*)/g;

/** Splits a line into coloured nodes. */
export function colorLine(text) {
  const out = [];
  let at = 0;
  for (const found of text.matchAll(token)) {
    const [whole, comment, string, number, word] = found;
    const kind = comment ? 'comment' : string ? 'string' : number ? 'digit'
      : words.has(word) ? 'word' : null;
    if (!kind) continue;
    if (found.index > at) out.push(text.slice(at, found.index));
    out.push(h('span', { class: `syntax-${kind}`, text: whole }));
    at = found.index + whole.length;
  }
  out.push(text.slice(at));
  return out;
}
