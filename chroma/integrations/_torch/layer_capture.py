"""Follows the batches of a PyTorch model through its layers, one split pass after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from torch import nn

from chroma.capture.heads import Facts, prove
from chroma.capture.layers import Chosen, Layer, choose, matching
from chroma.capture.passes import SplitPass
from chroma.capture.session import CaptureSession
from chroma.capture.splits import Dealt, GivenIds, number_of
from chroma.errors import ConfigError
from chroma.integrations._torch.batch import BatchReader
from chroma.integrations._torch.batch_parts import rows_in
from chroma.integrations._torch.first_batch import FirstBatch
from chroma.integrations._torch.hooks import modules_of
from chroma.integrations._torch.layer_hooks import LayerHooks
from chroma.integrations._torch.model_facts import declared_names, declared_scores, loss_of
from chroma.integrations._torch.run_choice import ONE_CLASS, RunChoice, scores_of
from chroma.integrations._torch.sample_reading import SampleReading
from chroma.records import Identity


class LayerCapture:
    """Chooses layers on the first batch it sees, then gives their vectors to the session, batch after batch.

    Args:
        model: The model.
        session: Where samples and vectors go.
        reader: Reads labels, inputs and metadata of batches.
        layers: What to capture.
        say: Called once, with the chosen layers and their widths, and the split; by name with `followed` and
            `of`, how many samples are followed of how many, and `about`, where labels and the head are.
        choice: The choice of the run that all its splits share; by default one of its own.
        may_be_silent: Whether the caller evaluates the model in another way where forward passes call no
            module, so that no error is raised: `silent` tells.

    Attributes:
        refused: Whether the model cannot be captured; the reason was raised, or `silent` is it.
        why_refused: Whose passes are not captured, for the receipt.
        announced: Whether a batch was captured, and it was said what of it.
        silent: Whether no module was called on the first batch, as compiled code calls none.
    """

    def __init__(
        self,
        model: nn.Module,
        session: CaptureSession,
        reader: BatchReader,
        layers: str | Layer | Sequence[str | Layer],
        say: Callable[..., None],
        *,
        choice: RunChoice | None = None,
        may_be_silent: bool = False,
    ) -> None:
        self._model = model
        self._session = session
        self._reader = reader
        self._wanted = layers
        self._say = say
        self._may_be_silent = may_be_silent
        self._names = list(modules_of(model))
        self._hooks = LayerHooks(model, session.recording.guard)
        self._first: FirstBatch | None = None
        self._choice = RunChoice() if choice is None else choice
        self.announced = self._attached = False
        self._samples = SampleReading(reader, log_inputs=session.log_inputs)
        self._pass: SplitPass | None = None
        self._split = ""
        self._size = 0
        self.refused = False
        self.why_refused = "of a model without a layer to capture"
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
        dealt: Callable[[], Dealt | None] | None = None,
    ) -> None:
        """Begin a pass over a split; see `CaptureSession.begin`."""
        class_names = class_names or declared_names(self._model)
        self._samples.class_names = class_names
        self._split = split
        self._pass = self._session.begin(
            split, epoch, step, identity=identity, of=of, class_names=class_names, dealt=dealt
        )
        self._attached = False

    def again(self) -> LayerCapture:
        """One as this was before its first batch, for passes that call the modules."""
        return LayerCapture(
            self._model, self._session, self._reader, self._wanted, self._say, choice=self._choice
        )

    def begin_batch(self, batch: Any, ids: GivenIds) -> None:
        """A batch is about to go through the model."""
        if self._pass is None or self.refused:
            return
        expected = number_of(ids)
        size = rows_in(batch, expected)
        size = expected if size is None else size
        if not size:
            self._session.recording.tally.miss("batches without samples, or without tensors")
            return
        if self._reader.refused_ids:
            self._session.recording.tally.note("ids", self._reader.refused_ids)
        self._size = size
        followed = self._pass.batch(ids, size)
        decided = bool(self._choice.layers)
        self._samples.read(self._pass, batch, size, followed=followed, decided=decided)
        mask = self._reader.mask(batch)
        if not decided:
            self.refused = True  # unless all names are those of modules
            wanted = matching(self._wanted, self._names)
            self.refused = False
            self._samples.look(batch, size, ids)
            self._first = FirstBatch(self._model, wanted, self._hooks.guard)
            self._first.begin(batch, size, mask)
        elif followed:
            if not self._attached:
                self._attach(self._pass)
            self._hooks.views = self._choice.views
            self._hooks.begin_batch(batch, size, mask)

    def end_batch(self) -> None:
        """The batch has gone through the model."""
        if self._pass is None or self.refused:
            return
        if self._first is not None:
            first, self._first = self._first, None
            self._choose(first, self._pass)
        elif self._hooks.rows:
            given = self._hooks.end_batch()
            self._announce(self._pass)
            for layer in self._choice.layers:
                if layer.name not in given:
                    self._session.recording.tally.miss(f"{layer.name} gave no vectors for some batches")

    def complete_pass(self, epoch: int | None = None, step: int | None = None) -> SplitPass | None:
        """The pass is complete, to be recorded or not; see `SplitPass.complete`. None if there is nothing."""
        self._hooks.remove()
        done, self._pass = self._pass, None
        if done is None or self.refused:
            return None
        done.complete(epoch, step)
        if self._choice.layers:
            self._prove(done)
            self._finish(done)
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
        self._samples.forget()

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
        self._samples.decide(current, first, fired, self._session.recording.tally)
        choice, proof = self._choice, prove(fired, self._size, self._facts())
        choice.views, choice.cut = first.views, frozenset(first.cut)
        layers = self._of_views(choose(self._wanted, self._names, fired, self._size, proof))
        if proof.module is not None and not self._samples.may_have_several:
            choice.scores = scores_of(proof)
        widths: list[int] = []
        for layer in layers:
            values = first.values(layer)
            if values is None or len(values) != self._size:
                raise ConfigError(
                    f"layer {layer.name!r} does not give one row per sample of the batch of {self._size}; "
                    "name another layer, or give chroma.Layer(name, pool=function)"
                )
            current.add(layer, values)
            widths.append(values.shape[1])
        scores = None if choice.scores is None else first.values(choice.scores)
        if scores is not None:
            current.add_scores(scores)
        choice.layers, choice.widths, choice.fired, choice.rows = layers, widths, fired, self._size
        choice.outermost = first.outermost
        taken = [*layers, *([] if choice.scores is None else [choice.scores])]
        self._hooks.places |= {layer.name: first.place(layer) for layer in taken}
        choice.about = self._samples.about(proof)
        self.refused = False
        self._attach(current)
        self._announce(current)

    def _of_views(self, layers: Sequence[Chosen]) -> list[Chosen]:
        """The layers, with what is taken of them where a batch holds several views of each sample."""
        views = self._choice.views
        if views is None:
            return list(layers)
        of = f"; of the first of the {views.n} rows that a sample has there"
        cut = self._choice.cut
        return [replace(each, reason=f"{each.reason}{of}") if each.name in cut else each for each in layers]

    def _announce(self, current: SplitPass) -> None:
        """Say what is captured, at the first batch of the split."""
        if not self.announced:
            self.announced = True
            widths = zip(self._choice.layers, self._choice.widths, strict=True)
            followed, of = current.following
            self._say(list(widths), self._split, followed=followed, of=of, about=self._choice.about)

    def _facts(self) -> Facts:
        """What is known of the classes by now."""
        loss = self._choice.loss
        if self._samples.said == "classification":
            loss = "classes"
        elif loss == "unknown":
            loss = loss_of(self._model)
        return Facts(
            self._samples.seen,
            named=len(self._samples.class_names),
            declared=declared_scores(self._model),
            loss=loss,
            scores=self._choice.compared,
            of_places=self._samples.of_places,
        )

    def _prove(self, done: SplitPass) -> None:
        """Prove the head by all labels of the first pass of the run, once."""
        choice, recording = self._choice, self._session.recording
        if choice.proof is not None:
            return
        said = self._samples.said
        if not choice.prove(self._facts(), said, self._samples.task):
            done.discard_scores()  # of another layer
            late = "no predictions of the first pass: its first batch did not tell which layer is the head"
            recording.tally.note("head", late)
        anew = choose(self._wanted, self._names, choice.fired, choice.rows, choice.known_proof)
        by_name = {each.name: each for each in self._of_views(anew)}
        choice.layers = [by_name.get(each.name, each) for each in choice.layers]
        recording.describe(choice.task)
        if choice.task == "classification" and choice.known_proof.kind is None:
            recording.tally.note("head", f"no predictions: {choice.known_proof.why}")

    def _finish(self, done: SplitPass) -> None:
        """Store of a complete pass what the choice of the run says."""
        choice, kind = self._choice, self._choice.known_proof.kind
        if choice.task == "regression":
            done.convert_labels(np.float32)
        if kind == "binary":
            done.convert_labels(np.int64)
        if kind not in ONE_CLASS:
            done.discard_scores()
        done.explain(choice.layers)

    def _attach(self, current: SplitPass) -> None:
        self._attached = True
        choice = self._choice
        self._hooks.outermost = choice.outermost
        scores = choice.scores if choice.proof is None or choice.proof.kind in ONE_CLASS else None
        for layer in choice.layers:
            if scores is not None and (layer.name, layer.pool) == (scores.module, scores.pool):
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
