/* SPDX-License-Identifier: Apache-2.0 */
/* Draws the boxes of the data in the page; a click makes one the whole width. */
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const graph = document.getElementById("graph");
  const details = document.getElementById("details");
  const search = document.getElementById("search");
  const share = document.getElementById("share");
  const inverted = document.getElementById("inverted");
  const row = 20, narrowest = 1;

  /* Boxes come children first; a box is [name, flat, cum, first child, next]. */
  const boxes = data.boxes.map(function (b) {
    return { name: data.names[b[0]] || data.title || "all", flat: b[1],
             cum: b[2], first: b[3], next: b[4], parent: null, level: 0 };
  });
  const root = boxes[boxes.length - 1];

  function children(box) {
    const list = [];
    for (let i = box.first; i >= 0; i = boxes[i].next) list.push(boxes[i]);
    return list;
  }
  (function link(box) {
    const queue = [box];
    while (queue.length > 0) {
      const b = queue.pop();
      b.children = children(b);
      for (const c of b.children) {
        c.parent = b;
        c.level = b.level + 1;
        queue.push(c);
      }
    }
  })(root);
  const depth = boxes.reduce(function (d, b) { return Math.max(d, b.level); }, 0);

  function color(name) {
    let h = 2166136261;
    for (let i = 0; i < name.length; i++) {
      h = Math.imul(h ^ name.charCodeAt(i), 16777619);
    }
    h >>>= 0;
    return "hsl(" + (h % 56) + " " + (65 + (h >>> 8) % 30) + "% " +
      (58 + (h >>> 16) % 14) + "%)";
  }

  function format(value) {
    const scaled = value * data.scale;
    return (Number.isInteger(scaled) ? String(scaled) : scaled.toFixed(2)) +
      data.unit;
  }

  function percent(value) {
    return (100 * value / data.total).toFixed(2) + "%";
  }

  function describe(box) {
    return box.name + "   " + format(box.cum) + " (" + percent(box.cum) +
      ")   self " + format(box.flat) + " (" + percent(box.flat) + ")";
  }

  let pivot = root, pattern = null;

  function place(box, left, width, faded) {
    const el = document.createElement("button");
    const level = inverted.checked ? depth - box.level : box.level;
    el.className = "box" + (faded ? " faded" : "");
    if (pattern && pattern.test(box.name)) el.className += " found";
    el.style.left = left + "px";
    el.style.top = level * row + "px";
    el.style.width = Math.max(width, narrowest) + "px";
    el.style.background = color(box.name);
    el.textContent = width > 30 ? box.name : "";
    el.title = describe(box);
    el.addEventListener("click", function () { pivot = box; draw(); });
    el.addEventListener("mouseenter", function () {
      details.textContent = describe(box);
    });
    el.addEventListener("focus", function () {
      details.textContent = describe(box);
    });
    return el;
  }

  function draw() {
    const width = document.documentElement.clientWidth;
    const page = document.createDocumentFragment();
    for (let b = pivot.parent; b; b = b.parent) {
      page.appendChild(place(b, 0, width, true));
    }
    const queue = [[pivot, 0, width]];
    while (queue.length > 0) {
      const [box, left, room] = queue.pop();
      page.appendChild(place(box, left, room, false));
      const whole = box.children.reduce(function (sum, c) {
        return sum + Math.abs(c.cum);
      }, Math.abs(box.flat));
      const unit = room / Math.max(Math.abs(box.cum), whole, 1);
      let at = left;
      for (const c of box.children) {
        const w = Math.abs(c.cum) * unit;
        if (w >= narrowest / 2) queue.push([c, at, w]);
        at += w;
      }
    }
    graph.style.height = (depth + 1) * row + "px";
    graph.replaceChildren(page);
    details.textContent = describe(pivot);
  }

  /* How much of all runs under what the search finds, nested hits once. */
  function found() {
    let sum = 0;
    const queue = [root];
    while (queue.length > 0) {
      const box = queue.pop();
      if (pattern.test(box.name)) sum += box.cum;
      else queue.push(...box.children);
    }
    return sum;
  }

  search.addEventListener("input", function () {
    pattern = null;
    share.textContent = "";
    if (search.value !== "") {
      try {
        pattern = new RegExp(search.value);
        share.textContent = percent(found());
      } catch (e) {
        share.textContent = "no regexp";
      }
    }
    draw();
  });
  inverted.addEventListener("change", draw);
  document.getElementById("reset").addEventListener("click", function () {
    pivot = root;
    search.value = "";
    pattern = null;
    share.textContent = "";
    draw();
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && pivot !== root) {
      pivot = pivot.parent;
      draw();
    }
  });
  window.addEventListener("resize", draw);
  document.getElementById("title").textContent = data.title || "Flame graph";
  document.getElementById("labels").textContent = data.labels;
  document.title = (data.title || "profile") + ": " + data.type;
  draw();
})();
