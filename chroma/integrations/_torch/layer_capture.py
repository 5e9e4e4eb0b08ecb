"""Follows the batches of a PyTorch model through its layers, one split pass after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from chroma.capture.layers import Chosen, Layer, choose, classifier_head, matching
from chroma.capture.passes import SplitPass
from chroma.capture.session import CaptureSession
from chroma.capture.splits import GivenIds, Identity
from chroma.errors import ConfigError
from chroma.integrations._torch.batch import BatchReader
from chroma.integrations._torch.hooks import FirstBatch, LayerHooks
from chroma.records import Array

_SCORES = ":scores"  # no module's name


class LayerCapture:
    """Chooses layers on the first batch it sees, then gives their vectors to the session, batch after batch.

    Args:
        model: The model.
        session: Where samples and vectors go.
        reader: Reads labels, inputs and metadata of batches.
        layers: What to capture.
        say: Called once, with the chosen layers and their widths, how many samples are followed of how many,
            and the split.
        may_be_silent: Whether the caller evaluates the model in another way where forward passes call no
            module, so that no error is raised: `silent` tells.

    Attributes:
        refused: Whether the model cannot be captured; the reason was raised, or `silent` is it.
        silent: Whether no module was called on the first batch, as compiled code calls none.
    """

    def __init__(
        self,
        model: nn.Module,
        session: CaptureSession,
        reader: BatchReader,
        layers: str | Layer | Sequence[str | Layer],
        say: Callable[[Sequence[tuple[Chosen, int]], int, int, str], None],
        *,
        may_be_silent: bool = False,
    ) -> None:
        self._model = model
        self._session = session
        self._reader = reader
        self._wanted = layers
        self._say = say
        self._may_be_silent = may_be_silent
        self._names = [name for name, _ in model.named_modules()]
        self._hooks = LayerHooks(model, session.recording.guard)
        self._first: FirstBatch | None = None
        self._chosen: list[Chosen] = []
        self._scores: Chosen | None = None
        self._ready = False
        self._pass: SplitPass | None = None
        self._split = ""
        self._class_names: Sequence[str] = ()
        self._labels: Array | None = None
        self._task = ""
        self._size = 0
        self.refused = False
        self.silent = False

    def begin_pass(
        self,
        split: str,
        epoch: int | None,
        step: int,
        *,
        identity: Identity,
        of: int = 0,
        class_names: Sequence[str] = (),
    ) -> None:
        """Begin a pass over a split; see `CaptureSession.begin`."""
        self._class_names = class_names
        self._split = split
        self._pass = self._session.begin(
            split, epoch, step, identity=identity, of=of, class_names=class_names
        )
        if self._ready:
            self._attach(self._pass)

    def again(self) -> LayerCapture:
        """One as this was before its first batch, for passes that call the modules."""
        return LayerCapture(self._model, self._session, self._reader, self._wanted, self._say)

    def begin_batch(self, batch: Any, ids: GivenIds) -> None:
        """A batch is about to go through the model."""
        if self._pass is None or self.refused:
            return
        size = self._reader.size(batch)
        if size is None:
            ids = ids() if callable(ids) else ids
            size = 0 if ids is None else len(ids)
        if size == 0:
            self._session.recording.tally.miss("batches were empty or held no tensors")
            return
        self._size = size
        followed = self._pass.batch(ids, size)
        if self._pass.first:
            self._labels = self._reader.labels(batch, size, self._class_names)
            self._pass.add_samples(
                labels=self._labels,
                inputs=self._reader.inputs(batch) if self._session.log_inputs and followed else None,
                metadata=self._reader.metadata(batch),
                texts=self._reader.texts(batch) if self._session.log_inputs and followed else None,
            )
        mask = self._reader.mask(batch)
        if not self._ready:
            self._task = self._reader.task(self._labels, batch)
            self._first = FirstBatch(self._model, matching(self._wanted, self._names), self._hooks.guard)
            self._first.begin(size, mask)
        elif followed:
            self._hooks.begin_batch(size, mask)

    def end_batch(self) -> None:
        """The batch has gone through the model."""
        if self._pass is None or self.refused:
            return
        if self._first is not None:
            first, self._first = self._first, None
            self._choose(first, self._pass)
        elif self._hooks.rows:
            given = self._hooks.end_batch()
            for layer in self._chosen:
                if layer.name not in given:
                    self._session.recording.tally.miss(f"{layer.name} gave no vectors for some batches")

    def complete_pass(self, epoch: int | None = None, step: int | None = None) -> SplitPass | None:
        """The pass is complete, to be recorded or not; see `SplitPass.complete`. None if there is nothing."""
        self._hooks.remove()
        done, self._pass = self._pass, None
        if done is None or self.refused:
            return None
        done.complete(epoch, step)
        return done

    def end_pass(self) -> None:
        """The pass is complete: record what it gave."""
        if (done := self.complete_pass()) is not None:
            done.record()

    def cancel(self) -> None:
        """The pass breaks off: nothing of it is recorded, and no hook stays."""
        self._hooks.remove()
        if self._first is not None:
            self._first.end()
        self._first = self._pass = None

    def _choose(self, first: FirstBatch, current: SplitPass) -> None:
        self.refused = True  # until all of this went well
        fired = first.end()
        if not fired:
            self.silent = True
            if self._may_be_silent:
                return
            raise ConfigError(
                "no module of the model was called on the first batch, so there is nothing to capture; "
                "compiled and scripted models hide their modules: capture the plain one"
            )
        labels = self._reader.label_reader
        head = classifier_head(fired, self._size, labels.classes(self._labels, self._class_names))
        self._chosen = choose(self._wanted, self._names, fired, self._size, head)
        if head is not None and not labels.label_count:
            self._scores = Chosen(_SCORES, head.name, False, "auto", "none", "the logits")
        widths: list[tuple[Chosen, int]] = []
        for layer in self._chosen:
            values = first.values(layer)
            if values is None or len(values) != self._size:
                raise ConfigError(
                    f"layer {layer.name!r} does not give one row per sample of the batch of {self._size}; "
                    "name another layer, or give chroma.Layer(name, pool=function)"
                )
            current.add(layer, values)
            widths.append((layer, values.shape[1]))
        scores = None if self._scores is None else first.values(self._scores)
        if scores is not None:
            current.add_scores(scores)
        self.refused, self._ready = False, True
        self._session.recording.describe(self._task)
        self._attach(current)
        self._say(widths, *current.following, self._split)

    def _attach(self, current: SplitPass) -> None:
        scores = self._scores
        for layer in self._chosen:
            if scores is not None and (layer.name, layer.pool) == (scores.module, "auto"):
                scores = None  # one hook for both

                def take(values: Any, layer: Chosen = layer) -> None:
                    current.add(layer, values)
                    current.add_scores(values)
            else:

                def take(values: Any, layer: Chosen = layer) -> None:
                    current.add(layer, values)

            self._hooks.attach(layer, take)
        if scores is not None:
            self._hooks.attach(scores, current.add_scores)
