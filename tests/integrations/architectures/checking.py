"""Trains a model two steps with and without capture, and compares what was captured with hooks of its own."""

from __future__ import annotations

import copy
import dataclasses
import os
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

import chroma
from chroma.integrations._torch.hooks import modules_of
from chroma.integrations._torch.no_trace import seed_generators
from chroma.records import Outputs
from tests.integrations.digits import snapshots, written

B = 4  # samples in a batch; there are two batches
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_CHANNELS_FIRST = (*_CONVOLUTIONS, nn.modules.batchnorm._BatchNorm, nn.GroupNorm)
_EXPECTED_NOTES = ("val is evaluated separately", "no predictions:")


@dataclasses.dataclass(frozen=True)
class Built:
    """A small model, and what it is trained on.

    Attributes:
        model: The model, which is copied.
        samples: Eight samples, of which batches are collated.
        call: Calls the model on a batch.
        classifies: Whether it has the head of a classifier, so that predictions are wanted.
    """

    model: nn.Module
    samples: Sequence[Any]
    call: Callable[[Any, Any], Any]
    classifies: bool


@dataclasses.dataclass(frozen=True)
class Found:
    """What was found of a class.

    Attributes:
        name: Of the class.
        parameters: How many the small model has.
        layer: What is opened first.
        width: Its values per sample.
        head: Whether a classifier's head was proved, so that predictions are stored: "yes", or why not.
        why: What is wrong, or why it was not built.
        fault: Whether something is wrong.
    """

    name: str
    parameters: int = 0
    layer: str = ""
    width: int = 0
    head: str = ""
    why: str = ""
    fault: bool = False


def check(name: str, built: Built) -> Found:
    """Train a model two steps with and without capture."""
    size = sum(parameter.numel() for parameter in built.model.parameters())
    bare = _trained(built, copy.deepcopy(built.model))
    if any(isinstance(value, Tensor) and not value.isfinite().all() for value in bare):
        return Found(name, size, why="training itself ends in values that are not finite")
    with tempfile.TemporaryDirectory() as home:
        os.environ["CHROMA_HOME"] = home
        model = copy.deepcopy(built.model)
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                receipts: list[Any] = []
                ours = _trained(built, model, receipts)
        except Exception as error:  # noqa: BLE001
            return Found(name, size, why=f"not captured: {short(error)}", fault=True)
        if not _same(bare, ours):
            if not _same(bare, _trained(built, copy.deepcopy(built.model))):
                return Found(name, size, why="training itself is not repeatable")
            return Found(name, size, why="its training is another one", fault=True)
        (receipt,) = receipts
        first = next(iter(receipt.layers), None)
        said = [*receipt.errors, *receipt.missing, *(n for n in receipt.notes if not _is_expected(n))]
        said += [str(each.message) for each in warned if f"{os.sep}chroma{os.sep}" in each.filename]
        if first is None:
            return Found(name, size, why=f"nothing captured: {'; '.join(said)}", fault=True)
        taken = snapshots(Path(home), first.layer)
        stored = [record for record in written(Path(home)) if isinstance(record, Outputs)]
    wrong = [f"it says: {'; '.join(said)}"] if said else []
    if (first.snapshots, first.n) != (2, 2 * B):
        wrong.append(f"{first.snapshots} of 2 snapshots, {first.n} of {2 * B} samples")
    wrong += _what_differs(built, model, taken[-1], stored)
    no = [note for note in receipt.notes if note.startswith("no predictions:")]
    head = "yes" if stored else no[0].replace("no predictions:", "no:") if built.classifies and no else ""
    if built.classifies and not head:
        wrong.append("no predictions, and it is not said why")
    return Found(name, size, first.layer, first.dim, head, "; ".join(wrong)[:300], fault=bool(wrong))


def loader(built: Built) -> DataLoader[Any]:
    return DataLoader(built.samples, batch_size=B)  # type: ignore[arg-type]


def floats_in(value: Any) -> list[Tensor]:
    """The float tensors that a model gave and that are trained."""
    if isinstance(value, Tensor):
        return [value] if value.is_floating_point() and value.requires_grad else []
    parts = (
        value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    )
    return [tensor for part in parts for tensor in floats_in(part)]


def loss_of(given: Any) -> Tensor:
    """The model's own loss, else the mean of what it gives."""
    own = given.get("loss") if isinstance(given, Mapping) else None
    if own is not None and own.requires_grad:
        return own.mean()
    found = floats_in(given)[:3]
    if not found:
        raise ValueError("it gives nothing that can be trained")
    return sum((each.float().square().mean() for each in found), torch.zeros(()))


def _trained(built: Built, model: Any, receipts: list[Any] | None = None) -> list[Any]:
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    seed_generators()
    model.train()
    batches = loader(built)
    watch = None
    if receipts is not None:
        call = {"forward": built.call} if not isinstance(built.samples[0], dict) else {}
        watch = chroma.watch(model, loader=batches, silent=True, dtype="float32", log_inputs=False, **call)
    losses: list[float] = []
    for step, batch in enumerate(batches):
        optimizer.zero_grad()
        loss = loss_of(built.call(model, batch))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if watch is not None:
            watch.snapshot(epoch=step)
    if watch is not None and receipts is not None:
        watch.finish()
        receipts.append(watch.receipt)
    return [*model.state_dict().values(), losses, torch.get_rng_state()]


def _same(one: list[Any], other: list[Any]) -> bool:
    def equal(left: Any, right: Any) -> bool:
        return torch.equal(left, right) if isinstance(left, Tensor) else left == right

    return all(equal(left, right) for left, right in zip(one, other, strict=True))


def _is_expected(note: str) -> bool:
    return note.startswith(_EXPECTED_NOTES)


@dataclasses.dataclass
class _Seen:
    """What hooks saw of a pass: the chosen layer's values, what the model gave, the layers with weights."""

    values: list[Tensor] = dataclasses.field(default_factory=list)
    given: list[Tensor] = dataclasses.field(default_factory=list)
    masks: list[Any] = dataclasses.field(default_factory=list)
    called: list[str] = dataclasses.field(default_factory=list)


def _seen(built: Built, model: nn.Module, module: nn.Module, *, of_input: bool) -> _Seen:
    seen = _Seen()

    def keep(_: Any, args: Any, kwargs: Any, output: Any) -> None:
        value = _first([*args, *kwargs.values()] if of_input else output)
        if value is not None and value.shape[:1] == (B,) and len(seen.values) == len(seen.given):
            seen.values.append(value.detach().float())

    handles = [module.register_forward_hook(keep, with_kwargs=True)]
    for each, part in modules_of(model).items():
        if any(p.ndim > 1 for p in part.parameters(recurse=False)):
            handles.append(part.register_forward_hook(lambda *_, each=each: seen.called.append(each)))
    model.eval()
    seed_generators()
    with torch.no_grad():
        for batch in loader(built):
            given = built.call(model, batch)
            seen.given.append(_first(given))
            seen.masks.append(batch.get("attention_mask") if isinstance(batch, dict) else None)
    for handle in handles:
        handle.remove()
    return seen


def _what_differs(built: Built, model: nn.Module, taken: Any, stored: list[Outputs]) -> list[str]:
    """What differs from a pass with hooks written here, and from what one would choose."""
    name, _, side = taken.layer.partition(":")
    module = modules_of(model)[name]
    seen = _seen(built, model, module, of_input=bool(side))
    given = zip(seen.values, seen.given, seen.masks, strict=False)
    with torch.no_grad():
        rows = [_pooled(value, module, logits if stored else None, mask) for value, logits, mask in given]
    wanted = torch.cat(rows).numpy() if rows else np.zeros((0, 0))
    wrong: list[str] = []
    if taken.vectors.shape != wanted.shape:
        wrong.append(f"rows have shape {taken.vectors.shape}, a hook's {wanted.shape}")
    elif not np.allclose(taken.vectors, wanted, rtol=1e-4, atol=1e-5):
        wrong.append(f"rows differ by {np.abs(taken.vectors - wanted).max():.2g}")
    wrong += _of_predictions(torch.cat(seen.given).numpy(), stored) if built.classifies else []
    if stored and not built.classifies:
        wrong.append("predictions of a model that classifies nothing")
    order = list(dict.fromkeys(seen.called))
    own = [at for at, each in enumerate(order) if each == name or each.startswith(f"{name}.")]
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)) or (
        own and len(order) > 3 and own[-1] < len(order) / 2
    ):
        wrong.append(f"chosen is {name}, {own[-1] + 1} of {len(order)} layers with weights")
    return wrong


def _of_predictions(scores: Any, stored: list[Outputs]) -> list[str]:
    if not stored:
        return []
    best = scores.argmax(1) if scores.shape[1] > 1 else (scores[:, 0] > 0).astype(int)
    return [] if np.array_equal(stored[-1].prediction, best) else ["predictions are not those of the model"]


def _first(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value if value.is_floating_point() else None
    if isinstance(value, Mapping):
        usual = [value[key] for key in ("last_hidden_state", "logits") if key in value]
        value = usual or list(value.values())
    if not isinstance(value, (list, tuple)):
        return None
    return next((found for part in value if (found := _first(part)) is not None), None)


def _pooled(value: Tensor, module: nn.Module, logits: Tensor | None, mask: Any) -> Tensor:
    """One vector a sample: features stand where the module's kind has them.

    Of a classifier whose head was proved and gives the logits of one token, that token is taken: the one that
    gives them.
    """
    if value.ndim <= 2:
        return value.reshape(len(value), -1)
    first = isinstance(module, _CHANNELS_FIRST)
    if isinstance(module, _CONVOLUTIONS):  # one may turn what it takes by itself
        first = value.shape[1] in (module.in_channels, module.out_channels)
    if value.ndim == 3 and logits is not None and not first:
        far = (module(value) - logits[:, None]).abs().amax(2)
        if far.amin(1).max() < 1e-4:
            return value[torch.arange(len(value)), far.argmin(1)]
    if value.ndim == 3 and mask is not None and mask.shape == value.shape[:2] and not first:
        return (value * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    last = type(module) in (nn.Linear, nn.LayerNorm)
    first = first or (value.ndim > 3 and not last)
    return value.flatten(2).mean(2) if first else value.flatten(1, -2).mean(1)


def short(error: BaseException) -> str:
    """An error in one line."""
    text = " ".join(f"{type(error).__name__}: {error}".split()).replace("|", "/")
    return text if len(text) <= 110 else f"{text[:109]}…"
