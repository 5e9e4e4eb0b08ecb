"""Forward passes of our own: a source of batches is evaluated, and its layers are captured on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from chroma.capture.schedule import Moment
from chroma.capture.splits import Dealt, GivenIds
from chroma.errors import ConfigError
from chroma.guard import sentence_of
from chroma.integrations._torch.batch import INPUT_KEYS, BatchReader, Forward
from chroma.integrations._torch.layer_capture import LayerCapture
from chroma.integrations._torch.no_trace import evaluating, random_states_kept
from chroma.records import Identity

_LONGEST_REASON = 160  # characters of an error of the user's that are said


class ForwardError(ConfigError):
    """The model cannot be called on batches apart from the training; `why` is that as half a sentence."""

    def __init__(self, context: EvaluationContext, split: str, error: Exception) -> None:
        called = "forward()" if context.forward is forward_of else "forward="
        reason = " ".join(sentence_of(error).split())
        if len(reason) > _LONGEST_REASON:
            reason = f"{reason[:_LONGEST_REASON]}…"
        self.why = (
            f"{called} of {type(context.model).__name__} fails on a batch of {split} ({reason}); "
            "forward=function(model, batch) says how the model is called"
        )
        super().__init__(f"{split} cannot be evaluated separately: {self.why}")


class Source(Protocol):
    """Batches of a split that can be evaluated again and again.

    Attributes:
        identity: How the samples' ids are known, where the user does not say where they are.
        of: Samples that the dataset split holds; 0 if unknown.
        class_names: Names of the classes, by index.
        holders: What is read in each pass, whose state is put back after it.
        dealt: See `CaptureSession.begin`.
    """

    identity: Identity
    of: int
    class_names: Sequence[str]
    holders: Sequence[Any]
    dealt: Callable[[], Dealt | None] | None

    def batches(self) -> Iterator[tuple[GivenIds, Any]]:
        """Ids and batch, one after the other."""
        ...


@dataclass(frozen=True, slots=True)
class EvaluationContext:
    """How a model is called on batches apart from the training.

    Attributes:
        model: The model.
        reader: Reads the ids of batches, if the user says where they are.
        forward: Calls the model on a batch.
        transfer: Brings a batch to the model's device.
        precision: Makes the context that the forward pass runs in.
    """

    model: nn.Module
    reader: BatchReader
    forward: Forward
    transfer: Callable[[Any], Any]
    precision: Callable[[], AbstractContextManager[Any]]


def evaluate(
    source: Source, split: str, moment: Moment, layers: LayerCapture, context: EvaluationContext
) -> None:
    """Evaluate a source in one pass and record what the layers give; nothing else is left of it.

    Args:
        source: The batches.
        split: Name of the split.
        moment: Epoch and step.
        layers: Follows the batches through the model.
        context: How the model is called.
    """
    reader = context.reader
    layers.begin_pass(
        split,
        *moment,
        identity="key" if reader.gives_ids else source.identity,
        of=source.of,
        class_names=source.class_names,
        dealt=source.dealt,
    )
    try:
        with random_states_kept(*source.holders, models=[context.model]), evaluating(context.model):
            for number, (ids, given) in enumerate(source.batches()):
                batch = context.transfer(given)
                layers.begin_batch(batch, reader.ids(given) if reader.gives_ids else ids)
                if number == 0 and not layers.announced:
                    _call_first(context, batch, split)
                else:
                    _call(context, batch)
                layers.end_batch()
        layers.end_pass()
    finally:
        layers.cancel()


def try_forward(source: Source, split: str, context: EvaluationContext) -> None:
    """Call the model on the first batch of a source; nothing is left of it.

    Raises:
        ForwardError: The model cannot be called on it.
        ConfigError: The model cannot be called yet.
    """
    with random_states_kept(*source.holders, models=[context.model]), evaluating(context.model):
        for _, given in source.batches():
            _call_first(context, context.transfer(given), split)
            return


def _call(context: EvaluationContext, batch: Any) -> None:
    with context.precision():
        context.forward(context.model, batch)


def _call_first(context: EvaluationContext, batch: Any, split: str) -> None:
    try:
        _call(context, batch)
    except Exception as error:
        raise ForwardError(context, split, error) from error


def forward_of(model: nn.Module, batch: Any) -> object:
    """Call a model on a batch of the usual shapes.

    A mapping's entries go in by name where `forward` takes such names, else its usual input; of a pair the
    first goes in; all else goes in as it is.
    """
    if isinstance(batch, Mapping):
        entries = cast("Mapping[str, Any]", batch)
        parameters = signature(model.forward).parameters
        takes_all = any(each.kind is Parameter.VAR_KEYWORD for each in parameters.values())
        known = {name: value for name, value in entries.items() if takes_all or name in parameters}
        if known:
            return model(**known)
        usual = next((entries[name] for name in INPUT_KEYS if name in entries), None)
        return model(batch if usual is None else usual)
    return model(batch[0] if isinstance(batch, (tuple, list)) else batch)


def to_device_of(model: nn.Module) -> Callable[[Any], Any]:
    """Brings batches to the device that a model is on by then."""

    def transfer(batch: Any) -> Any:
        device = next((tensor.device for tensor in model.parameters()), None)
        return batch if device is None else to_device(batch, device)

    return transfer


def to_device(batch: Any, device: torch.device) -> Any:
    """The batch with its tensors on a device."""
    if isinstance(batch, Tensor) or hasattr(batch, "to"):  # also the batches of tokenizers
        return batch.to(device)
    if isinstance(batch, Mapping):
        return {name: to_device(value, device) for name, value in cast("Mapping[Any, Any]", batch).items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(to_device(value, device) for value in cast("Sequence[Any]", batch)))
    if isinstance(batch, (tuple, list)):
        return [to_device(value, device) for value in cast("Sequence[Any]", batch)]
    return batch
