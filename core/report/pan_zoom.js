/* SPDX-License-Identifier: Apache-2.0 */
/* Drag to pan, wheel or two fingers to zoom, double click to start over. */
(function () {
  "use strict";
  const svg = document.documentElement;
  const view = document.getElementById("viewport");
  const smallest = 0.02, largest = 50;
  const start = { scale: 0.5, x: 0, y: 0 };
  let state = Object.assign({}, start);
  const pointers = new Map();

  function show() {
    view.setAttribute("transform",
      "matrix(" + [state.scale, 0, 0, state.scale, state.x, state.y] + ")");
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

  function distance(points) {
    return Math.hypot(points[0].x - points[1].x, points[0].y - points[1].y);
  }

  svg.addEventListener("wheel", function (event) {
    event.preventDefault();
    zoom(Math.pow(1.1, event.deltaY < 0 ? 1 : -1), point(event));
  }, { passive: false });

  svg.addEventListener("pointerdown", function (event) {
    pointers.set(event.pointerId, point(event));
  });

  svg.addEventListener("pointermove", function (event) {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = point(event);
    if (pointers.size === 1) {
      state.x += now.x - before.x;
      state.y += now.y - before.y;
      show();
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

  svg.addEventListener("dblclick", function () {
    state = Object.assign({}, start);
    show();
  });
  show();
})();
