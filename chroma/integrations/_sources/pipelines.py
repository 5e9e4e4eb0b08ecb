"""What a `tf.data.Dataset` keeps from one pass to the next: variables, orders, and states of functions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from chroma.integrations._sources.contents import LARGEST
from chroma.integrations._sources.generators import Restore

# stateful operations that keep nothing: what they do is done again in each pass
_HARMLESS = {
    *("PartitionedCall", "StatefulPartitionedCall", "If", "While", "StatelessIf", "StatelessWhile", "Case"),
    *("VarHandleOp", "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "Assert", "Placeholder"),
    *("HashTableV2", "LookupTableFindV2", "LookupTableSizeV2", "LookupTableExportV2", "ReadFile"),
    *("MatchingFiles", "PrintV2", "OptionalFromValue", "OptionalNone", "AnonymousHashTable"),
}
_CALLS_PYTHON = {"PyFunc", "EagerPyFunc", "PyFuncStateless"}
# they draw from seeds that each iterator starts with anew
_DRAWS = {
    *("RandomUniform", "RandomUniformInt", "RandomStandardNormal", "TruncatedNormal", "RandomShuffle"),
    *("Multinomial", "RandomGamma", "RandomPoissonV2", "SampleDistortedBoundingBoxV2"),
    "ParameterizedTruncatedNormal",
}
_WRITES = {
    *("AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp", "RngSkip", "RngReadAndSkip"),
    *("StatefulUniform", "StatefulUniformInt", "StatefulUniformFullInt", "StatefulStandardNormalV2"),
    *("StatefulTruncatedNormal", "StatefulRandomBinomial"),
}


@dataclass(slots=True)
class Pipeline:
    """One step of a `tf.data.Dataset`.

    Attributes:
        inputs: The datasets it takes from.
        functions: Functions of the user's that TensorFlow has traced.
        called: Functions of the user's that it calls in Python.
        restores: What puts back the variables it may write.
        obstacle: What cannot be put back, as the subject of a sentence; None if all can.
    """

    inputs: Sequence[Any]
    functions: list[Any] = field(default_factory=list[Any])
    called: list[Any] = field(default_factory=list[Any])
    restores: list[Restore] = field(default_factory=list[Restore])
    obstacle: str | None = None


def look_at(dataset: Any) -> Pipeline:
    """Look at one step of a pipeline."""
    step = Pipeline(dataset._inputs())
    step.obstacle = _kept_by(dataset)
    for wrapper in dataset._functions():
        step.functions.append(wrapper._func)
        _look_at_function(wrapper.function, step)
    return step


def order_changes(dataset: Any) -> bool:
    """Whether each pass over a pipeline comes in another order."""
    return _shuffles(dataset) or any(order_changes(each) for each in dataset._inputs())


def _kept_by(dataset: Any) -> str | None:
    kind = type(dataset).__name__
    if _shuffles(dataset):
        return "the order of a shuffled tf.data.Dataset"
    if "Snapshot" in kind or "Save" in kind or ("Cache" in kind and not _caches_data_only(dataset)):
        return "the cache of a tf.data.Dataset"
    if "Random" in kind or "DirectedInterleave" in kind or "Variant" in kind:
        return f"a {kind.strip('_')} in a tf.data.Dataset"
    return None


def _caches_data_only(dataset: Any) -> bool:
    """Whether a cache in memory holds what any pass would put there."""
    steps = [look_at(each) for each in _below(dataset)]
    return not dataset._filename.numpy() and not any(
        step.restores or step.called or step.obstacle for step in steps
    )


def _below(dataset: Any) -> Iterator[Any]:
    for each in dataset._inputs():
        yield each
        yield from _below(each)


def _shuffles(dataset: Any) -> bool:
    return "Shuffle" in type(dataset).__name__ and getattr(dataset, "_reshuffle_each_iteration", True)


def _look_at_function(function: Any, step: Pipeline) -> None:
    writes = False
    for kind, token in _stateful_operations(function):
        if kind in _CALLS_PYTHON:
            called = _registered(token)
            if called is None:
                step.obstacle = step.obstacle or "a Python function in a tf.data.Dataset"
            else:
                step.called.append(called)
        elif kind in _WRITES:
            writes = True
        elif kind not in _HARMLESS | _DRAWS and not kind.endswith(("Dataset", "DatasetV2", "DatasetV3")):
            step.obstacle = step.obstacle or f"what the operation {kind} keeps in a tf.data.Dataset"
        elif "Shuffle" in kind and kind.endswith(("Dataset", "DatasetV2", "DatasetV3")):
            step.obstacle = step.obstacle or "the order of a shuffled tf.data.Dataset"
    if writes:
        _keep_variables(function, step)


def _keep_variables(function: Any, step: Pipeline) -> None:
    for captured in function.captured_inputs:
        if captured.dtype.name == "resource":
            restore = _restore_variable(captured)
            if restore is None:
                step.obstacle = step.obstacle or "a variable that a tf.data.Dataset writes"
            else:
                step.restores.append(restore)


def _restore_variable(handle: Any) -> Restore | None:
    """What puts back a variable, whose handle a function has captured; None if it is large, or none."""
    tf: Any = sys.modules["tensorflow"]
    about = getattr(handle, "_handle_data", None)
    if about is None or not about.is_set or len(about.shape_and_type) != 1:
        return None
    dtype = tf.dtypes.as_dtype(about.shape_and_type[0].dtype)
    size = tf.TensorShape(about.shape_and_type[0].shape).num_elements()
    if size is None or size * dtype.size > LARGEST:
        return None
    value = tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype)
    return lambda: tf.raw_ops.AssignVariableOp(resource=handle, value=value)


def _stateful_operations(function: Any) -> Iterator[tuple[str, str | None]]:
    """Kind of each operation with a state, and of those that call Python the name of what they call."""
    registry: Any = import_module("tensorflow.python.framework.op_def_registry")
    for operation in function.graph.get_operations():
        if operation.type in _CALLS_PYTHON:
            yield operation.type, operation.get_attr("token").decode()
        elif operation._is_stateful:
            yield operation.type, None
    for inner in function.graph._functions.values():
        for node in inner.definition.node_def:
            definition = registry.get(node.op)
            if node.op in _CALLS_PYTHON:
                yield node.op, node.attr["token"].s.decode()
            elif definition is not None and definition.is_stateful:
                yield node.op, None


def _registered(token: str | None) -> Callable[..., Any] | None:
    """The Python function that an operation calls by this name."""
    operations: Any = sys.modules.get("tensorflow.python.ops.script_ops")
    found: Any = operations._py_funcs.get(token) if operations else None
    return getattr(found, "_func", found)
