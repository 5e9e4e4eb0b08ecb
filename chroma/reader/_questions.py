"""What is asked of a run, in GraphQL."""

from __future__ import annotations

LAYERS = "query R($id: ID!) { run(id: $id) { layers { name dim pooling reason default } } }"
SPLITS = """query R($id: ID!) {
  run(id: $id) { splits { name n of identity classNames hasImages hasTexts } }
}"""
METRICS = "query R($id: ID!) { run(id: $id) { metrics { name points { epoch step value } } } }"
SNAPSHOTS = """query R($id: ID!) {
  run(id: $id) { snapshots { id layer split epoch step n of dim dtype bytes status } }
}"""
TAGS = "query R($id: ID!) { run(id: $id) { tags { name split sampleIds } splits { name identity } } }"
NEIGHBORS = """query N($run: ID!, $split: String!, $position: Int!, $layer: String!, $step: Int, $k: Int!) {
  sample(runId: $run, split: $split, position: $position) {
    neighbors(layer: $layer, step: $step, k: $k) { sampleId distance }
  }
}"""
TAG = """mutation T($run: ID!, $split: String!, $tag: String!, $ids: [String!]!) {
  %s(runId: $run, split: $split, tag: $tag, sampleIds: $ids) { id }
}"""
DELETE = "mutation D($run: ID!) { deleteRun(id: $run) { id } }"
