// SPDX-License-Identifier: Apache-2.0
// The parts of a name, and shortening it to fit. Dropped first is the package
// of the caller, then template arguments and parameters, then all packages,
// then the middle.

/** Removes balanced "<...>" and "(...)", except Go's "(*T)". */
function dropArguments(name) {
  let out = '';
  let depth = 0;
  for (let i = 0; i < name.length; i++) {
    const c = name[i];
    const isOperator = /operator\s*[<>()\-=]*$/.test(out.slice(-12));
    if ((c === '<' || c === '(') && !isOperator &&
        name.slice(i, i + 2) !== '(*' &&
        !name.startsWith('(anonymous', i) && !name.startsWith('<lambda', i)) {
      if (depth++ === 0) out += c === '<' ? '<…>' : '(…)';
    } else if ((c === '>' || c === ')') && depth > 0 && name[i - 1] !== '-') {
      depth--;
    } else if (depth === 0) out += c;
  }
  return depth === 0 ? out : name;
}

/** "int ns::f" -> "ns::f": removes the return type of a C++ function. */
function dropReturnType(name) {
  const paren = name.search(/[(<]/);
  const head = paren < 0 ? name : name.slice(0, paren);
  const space = head.lastIndexOf(' ');
  return space > 0 && !/operator|\.cold|\[|anonymous|lambda|@/.test(head)
    ? name.slice(space + 1) : name;
}

const isGo = (name) => !name.includes('::') &&
  /^[\w.\-/%~]+\.[\w(]/.test(name);

const packageCache = new Map();

/** The package or namespace: "net/http", "std", "" for C. */
export function packageOf(name) {
  let found = packageCache.get(name);
  if (found === undefined) {
    found = findPackage(name);
    packageCache.set(name, found);
  }
  return found;
}

function findPackage(name) {
  if (name.startsWith('[')) return name;
  if (isGo(name)) {
    const slash = name.lastIndexOf('/', name.search(/[([]/) >>> 0);
    const dot = name.indexOf('.', slash + 1);
    return dot > 0 ? name.slice(0, dot) : '';
  }
  const bare = dropReturnType(dropArguments(name)).replace(/[<(]….*?[>)]/g, '');
  const parts = bare.split('::');
  return parts.length > 1 ? parts[0].replace(/^\W+(?=\w)/, '') : '';
}

/** Namespaces of a C++ name, without its last component. */
function scopeOf(name) {
  const bare = name.replace(/<…>|\(…\)/g, '');
  const at = bare.lastIndexOf('::');
  return at < 0 ? '' : bare.slice(0, at);
}

const variantCache = new Map();

/** Forms of a name, each shorter than the one before. */
function variants(name, caller) {
  const own = caller ? packageOf(caller) : '';
  const key = name + '\n' + own;
  let list = variantCache.get(key);
  if (list) return list;
  list = [name];
  const push = (text) => {
    if (text && text.length < list[list.length - 1].length) list.push(text);
  };
  const separator = isGo(name) ? '.' : '::';
  if (own && packageOf(name) === own) {
    const at = name.indexOf(own + separator);
    if (at === 0) push(name.slice(own.length + separator.length));
  }
  const bare = isGo(name) ? name : dropReturnType(dropArguments(name));
  push(own && bare.startsWith(own + separator)
    ? bare.slice(own.length + separator.length) : bare);
  push(bare.replace(/<…>|\(…\)/g, ''));
  if (isGo(name)) {
    const bareGo = name.slice(packageOf(name).length + 1);
    push(name.slice(packageOf(name).lastIndexOf('/') + 1));
    push(bareGo);
    push(bareGo.replace(/\[.*\]/, '').replace(/^\(\*?(\w+)\)\./, '$1.'));
    push(bareGo.replace(/\[.*\]/, '').replace(/^.*?\.(?=[a-zA-Z_])/, ''));
  } else {
    const plain = bare.replace(/<…>|\(…\)/g, '');
    const scope = scopeOf(plain).split('::');
    const last = plain.split('::').pop();
    if (scope.length > 1) push(scope[scope.length - 1] + '::' + last);
    push(last);
  }
  if (variantCache.size > 50000) variantCache.clear();
  variantCache.set(key, list);
  return list;
}

/** Removes the middle, so that `max` characters remain. */
export function middle(text, max) {
  if (text.length <= max) return text;
  if (max < 4) return '';
  const left = Math.ceil((max - 1) * 0.5);
  return text.slice(0, left) + '…' + text.slice(text.length - (max - 1 - left));
}

/** The name in at most `max` characters, '' where nothing useful fits. */
export function shorten(name, caller, max) {
  if (name.length <= max) return name;
  const list = variants(name, caller);
  for (const form of list) {
    if (form.length <= max) return form;
  }
  return middle(list[list.length - 1], max);
}

/** A regular expression that matches the name only. */
export const quote = (name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

export const baseName = (path) => path.slice(path.lastIndexOf('/') + 1);
