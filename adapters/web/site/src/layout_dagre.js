// SPDX-License-Identifier: Apache-2.0
// The layout of graphs by dagre, for when there is no dot. A bundle of its own,
// loaded on demand.

import dagre from '@dagrejs/dagre';

window.evprofLayout = (graph) => {
  const g = new dagre.graphlib.Graph({ multigraph: true });
  g.setGraph({ nodesep: 26, ranksep: 44 });
  g.setDefaultEdgeLabel(() => ({}));
  graph.nodes.forEach((node, i) => g.setNode(String(i), { width: node.width, height: graph.height }));
  graph.edges.forEach(([from, to, weight], i) => {
    if (from !== to) g.setEdge(String(from), String(to), { weight: Math.abs(weight) > Math.abs(graph.nodes[from].cum) / 2 ? 10 : 1 }, String(i));
  });
  dagre.layout(g);
  const size = g.graph();
  return {
    width: size.width || 1, height: size.height || 1,
    nodes: graph.nodes.map((_, i) => g.node(String(i))),
    edges: graph.edges.map(([from, to], i) => from === to ? null
      : g.edge({ v: String(from), w: String(to), name: String(i) }).points.map(({ x, y }) => [x, y])),
  };
};
