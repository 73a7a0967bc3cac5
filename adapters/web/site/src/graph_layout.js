// SPDX-License-Identifier: Apache-2.0
// Positions of nodes and edges of a graph: from dot's plain output, or from a
// layout in the browser where there is no dot.

const INCH = 72;

/** Reads what `dot -Tplain` writes. */
export function readPlain(graph) {
  const nodes = [];
  const byEnds = new Map();
  let width = 0;
  let height = 0;
  for (const line of graph.layout.split('\n')) {
    const words = line.split(' ');
    if (words[0] === 'graph') {
      width = words[2] * INCH;
      height = words[3] * INCH;
    } else if (words[0] === 'node') {
      nodes[words[1].slice(1)] = { x: words[2] * INCH, y: height - words[3] * INCH };
    } else if (words[0] === 'edge') {
      const points = [];
      for (let i = 0; i < Number(words[3]); i++) {
        points.push([words[4 + 2 * i] * INCH, height - words[5 + 2 * i] * INCH]);
      }
      byEnds.set(`${words[1].slice(1)} ${words[2].slice(1)}`, points);
    }
  }
  return { width, height, nodes, edges: graph.edges.map(([from, to]) => byEnds.get(`${from} ${to}`)) };
}

let loading = null;

function loadLayout(url) {
  loading ||= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.onload = () => resolve(window.evprofLayout);
    script.onerror = () => reject(new Error('the layout could not be loaded'));
    document.head.append(script);
  });
  return loading;
}

/** A polyline through `points` as Bézier pieces. */
function smooth(points) {
  const out = [points[0]];
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]];
    out.push([a[0], (a[1] + b[1]) / 2], [b[0], (a[1] + b[1]) / 2], b);
  }
  return out;
}

/** Lays the graph out with dagre. */
export async function placeGraph(graph, url) {
  const layOut = await loadLayout(url);
  const { width, height, nodes, edges } = layOut(graph);
  return { width, height, nodes, edges: edges.map((points) => points && smooth(points)) };
}
