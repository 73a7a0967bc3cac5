/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves a drawing in its window. Drag to pan, wheel or two fingers to zoom,
 * double click or 0 to fit; + and - zoom, arrows pan, / searches, Enter goes to
 * the next match, Escape ends the search. Stands behind the drawing, since a
 * script in an image runs where it stands.
 */
(function () {
  "use strict";
  const svg = document.documentElement;
  const view = document.getElementById("viewport");
  const html = "http://www.w3.org/1999/xhtml";
  const smallest = 0.01, largest = 50, margin = 10, step = 60;
  let state = { scale: 1, x: 0, y: 0 };
  const pointers = new Map();

  function show() {
    view.setAttribute("transform",
      "matrix(" + [state.scale, 0, 0, state.scale, state.x, state.y] + ")");
  }

  function size() {
    const box = svg.getBoundingClientRect();
    return { width: box.width || innerWidth, height: box.height || innerHeight };
  }

  /* All of the drawing, in the middle; small ones are not enlarged. */
  function fit() {
    const box = view.getBBox(), room = size();
    const scale = Math.min(1, (room.width - 2 * margin) / (box.width || 1),
      (room.height - 2 * margin) / (box.height || 1));
    state.scale = Math.max(smallest, scale);
    state.x = (room.width - box.width * state.scale) / 2 - box.x * state.scale;
    state.y = (room.height - box.height * state.scale) / 2 - box.y * state.scale;
    show();
  }

  function point(event) {
    const box = svg.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /* Zooms so that what is under `at` stays there. */
  function zoom(factor, at) {
    const scale = Math.min(largest, Math.max(smallest, state.scale * factor));
    const k = scale / state.scale;
    state = { scale: scale, x: at.x - (at.x - state.x) * k,
              y: at.y - (at.y - state.y) * k };
    show();
  }

  function zoomMiddle(factor) {
    const room = size();
    zoom(factor, { x: room.width / 2, y: room.height / 2 });
  }

  function pan(x, y) {
    state.x += x;
    state.y += y;
    show();
  }

  function distance(points) {
    return Math.hypot(points[0].x - points[1].x, points[0].y - points[1].y);
  }

  svg.addEventListener("wheel", function (event) {
    event.preventDefault();
    zoom(Math.pow(1.1, event.deltaY < 0 ? 1 : -1), point(event));
  }, { passive: false });

  svg.addEventListener("pointerdown", function (event) {
    if (bar.contains(event.target)) return;
    pointers.set(event.pointerId, point(event));
  });

  svg.addEventListener("pointermove", function (event) {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = point(event);
    if (pointers.size === 1) {
      pan(now.x - before.x, now.y - before.y);
    } else if (pointers.size === 2) {
      const old = distance([...pointers.values()]);
      pointers.set(event.pointerId, now);
      const points = [...pointers.values()];
      const middle = { x: (points[0].x + points[1].x) / 2,
                       y: (points[0].y + points[1].y) / 2 };
      if (old > 0) zoom(distance(points) / old, middle);
    }
    pointers.set(event.pointerId, now);
  });

  function release(event) {
    pointers.delete(event.pointerId);
  }
  svg.addEventListener("pointerup", release);
  svg.addEventListener("pointercancel", release);
  svg.addEventListener("pointerleave", release);
  svg.addEventListener("dblclick", function (event) {
    if (!bar.contains(event.target)) fit();
  });
  svg.style.touchAction = "none";
  svg.style.userSelect = "none";

  /* ---- Search ---- */

  let matches = [], at = -1;

  function mark(node, on) {
    for (const shape of node.querySelectorAll("polygon, ellipse, path")) {
      if (on) {
        shape.setAttribute("stroke-width", "4");
      } else {
        shape.removeAttribute("stroke-width");
      }
    }
  }

  /* The names as they are, if the words are no regular expression. */
  function expression(words) {
    try {
      return new RegExp(words, "i");
    } catch (error) {
      return new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i");
    }
  }

  /* A label breaks a name into lines; its link's title has it whole. */
  function textOf(node) {
    const link = node.querySelector("a");
    const title = link && link.getAttributeNS("http://www.w3.org/1999/xlink",
                                              "title");
    return (title || "") + "\n" + node.textContent;
  }

  function search(words) {
    matches.forEach(function (node) { mark(node, false); });
    matches = [];
    at = -1;
    if (words !== "") {
      const wanted = expression(words);
      matches = [...view.querySelectorAll("g.node")].filter(function (node) {
        return wanted.test(textOf(node));
      });
    }
    matches.forEach(function (node) { mark(node, true); });
    found.textContent = words === "" ? "" : matches.length + " found";
  }

  function next() {
    if (matches.length === 0) return;
    at = (at + 1) % matches.length;
    const box = matches[at].getBoundingClientRect(), room = size();
    const own = svg.getBoundingClientRect();
    pan(room.width / 2 - (box.left - own.left + box.width / 2),
        room.height / 2 - (box.top - own.top + box.height / 2));
  }

  /* ---- The bar ---- */

  const bar = document.createElementNS(svg.namespaceURI, "foreignObject");
  const row = document.createElementNS(html, "div");
  const input = document.createElementNS(html, "input");
  const found = document.createElementNS(html, "span");

  function button(text, label, action) {
    const made = document.createElementNS(html, "button");
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.setAttribute("title", label);
    made.addEventListener("click", action);
    row.appendChild(made);
  }

  bar.setAttribute("id", "bar");
  bar.setAttribute("x", "8");
  bar.setAttribute("y", "8");
  bar.setAttribute("width", "420");
  bar.setAttribute("height", "40");
  row.setAttribute("style", "font: 14px sans-serif; display: inline-flex; " +
    "gap: 4px; align-items: center");
  button("+", "Zoom in (+)", function () { zoomMiddle(1.25); });
  button("\u2212", "Zoom out (-)", function () { zoomMiddle(0.8); });
  button("Fit", "Show all (0)", fit);
  input.setAttribute("id", "search");
  input.setAttribute("type", "search");
  input.setAttribute("placeholder", "Search (/)");
  input.setAttribute("aria-label", "Search for functions");
  input.addEventListener("input", function () { search(input.value); next(); });
  row.appendChild(input);
  found.setAttribute("id", "found");
  found.setAttribute("aria-live", "polite");
  row.appendChild(found);
  bar.appendChild(row);
  svg.appendChild(bar);

  const keys = {
    "+": function () { zoomMiddle(1.25); },
    "=": function () { zoomMiddle(1.25); },
    "-": function () { zoomMiddle(0.8); },
    "0": fit,
    "f": fit,
    "/": function () { input.focus(); },
    "n": next,
    "ArrowLeft": function () { pan(step, 0); },
    "ArrowRight": function () { pan(-step, 0); },
    "ArrowUp": function () { pan(0, step); },
    "ArrowDown": function () { pan(0, -step); }
  };

  addEventListener("keydown", function (event) {
    if (event.target === input) {
      if (event.key === "Enter") next();
      if (event.key === "Escape") {
        input.value = "";
        search("");
        input.blur();
      }
      return;
    }
    const action = keys[event.key];
    if (action && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      action();
    }
  });

  fit();
})();
