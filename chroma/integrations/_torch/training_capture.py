"""Captures what a classifier says of the samples that it trains on, from the training's own batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.utils.data import DataLoader

from chroma.capture.heads import Facts, Loss, SeenLabels, prove
from chroma.capture.layers import Chosen
from chroma.capture.modules import Module
from chroma.capture.schedule import Moment
from chroma.capture.splits import GivenIds, number_of
from chroma.capture.training_outputs import Gathered, Resolved, TrainedBatch, TrainingEpoch
from chroma.errors import ConfigError
from chroma.integrations._torch.batch import BatchReader
from chroma.integrations._torch.batch_parts import rows_in
from chroma.integrations._torch.first_batch import FirstBatch
from chroma.integrations._torch.head_calls import HeadCall, HeadCalls
from chroma.integrations._torch.hooks import modules_of
from chroma.integrations._torch.host_copies import Later, copy_of, host_copy
from chroma.integrations._torch.label_parts import LabelPart
from chroma.integrations._torch.loss_graph import loss_nodes
from chroma.integrations._torch.model_facts import declared_names, declared_scores, loss_of
from chroma.integrations._torch.place_targets import has_place_targets
from chroma.integrations._torch.run_choice import ONE_CLASS, RunChoice, scores_of
from chroma.integrations._torch.sample_ids import IndexTap, Pass, class_names_of, samples_in
from chroma.integrations._torch.sample_reading import evidence_of
from chroma.integrations._torch.split_capture import Joined, listed
from chroma.records import Array
from chroma.run.recording import Recording

_NO_IDS = "which samples its rows are is not known; ids= names a key of the batch, or a function of it"
_SEVERAL = "samples may have several labels"
_QUANTITIES = "labels are quantities, not classes; run.log_columns keeps residuals"


class TrainingCapture:
    """Follows the batches of a training: `begin`, for each batch `begin_batch` … `end_batch`, then `end`.

    The head is found on the first batch and proved by all labels of the first epoch, or as the run's is.

    Args:
        model: The model.
        recording: Where records go.
        reader: Reads labels and ids of batches; its own, since it decides where labels are.
        choice: The choice of the run.
        taps: Of the loaders whose indices are recorded.
        loaders: Gives the training's loader as the framework holds it now.
        running_pass: Gives the running pass over it; None where that is the tap's latest.
        sure: Whether what runs is known to be the batch that was begun; else its rows must prove it.
        split: Name of the split.
    """

    def __init__(
        self,
        model: nn.Module,
        recording: Recording,
        reader: BatchReader,
        choice: RunChoice,
        *,
        taps: Mapping[DataLoader[Any], IndexTap],
        loaders: Callable[[], Any],
        running_pass: Callable[[], Any] | None,
        sure: bool = True,
        split: str = "train",
    ) -> None:
        self._model, self._recording, self._reader, self._choice = model, recording, reader, choice
        self._taps, self._loaders, self._running_pass, self._sure = taps, loaders, running_pass, sure
        self._modules = modules_of(model)
        self._declared = declared_scores(model)
        self._loss: Loss = loss_of(model)
        self._class_names: Sequence[str] = ()
        self._gathered = Gathered(split, 0, self._decide)
        self._epoch: TrainingEpoch | None = None
        self._count = 0  # batches of it
        self._tap: IndexTap | None = None
        self._indices: Pass | None = None
        self._fired: Sequence[Module] = ()
        self._scores: Chosen | None = None
        self._rows = 0  # of the first batch
        self._of_places = False  # whether the batch has a label for each place, as tokens and pixels have
        self._calls: HeadCalls | None = None
        self._first: FirstBatch | None = None
        self._looked: tuple[Any, int, Sequence[LabelPart], GivenIds, list[Array]] | None = None
        self._batch: tuple[GivenIds, int, Callable[[], Any]] | None = None  # ids, rows, what holds labels

    @property
    def follows(self) -> bool:
        """Whether batches are followed in this epoch."""
        return self._epoch is not None

    @property
    def trained(self) -> bool:
        """Whether batches of this epoch were trained on."""
        return self._epoch is not None and self._epoch.batches > 0

    def begin(self) -> None:
        """An epoch begins."""
        self.cancel()
        if self._gathered.refused is None and not self._recording.full:
            self._epoch = TrainingEpoch(self._recording, self._gathered)
        self._count = 0

    def begin_batch(self, batch: Any) -> None:
        """A batch is about to be trained on."""
        if self._epoch is None:
            return
        try:
            ids = self._ids(batch)
            rows = rows_in(batch, number_of(ids)) or number_of(ids)
            if ids is None:
                self.refuse(_NO_IDS)
            elif rows and self._calls is None:
                self._look(batch, rows, ids)
            elif rows and self._calls is not None:
                labels = self._reader.labels.standing(batch, rows)
                self._batch = ids, rows, copy_of(labels)
                self._calls.begin(batch, rows, labels, self._reader.mask(batch))
        except ConfigError as error:  # what ids= or labels= name may be in the batches of validation only
            self.refuse(str(error))

    def see_loss(self, loss: Tensor) -> None:
        """A backward pass from a loss of the batch is about to begin."""
        if self._looked is not None:
            targets = self._looked[-1]
            targets += [
                host_copy(node._saved_target)() for kind, node in loss_nodes(loss) if kind == "classes"
            ]
        elif self._calls is not None:
            self._calls.see_loss(loss)

    def end_batch(self) -> None:
        """The batch was trained on."""
        if self._first is not None:
            self._choose(self._first)
        elif self._calls is not None and self._batch is not None and self._epoch is not None:
            (ids, rows, labels), self._batch = self._batch, None
            if (call := self._calls.end()) is not None:
                self._epoch.add(
                    TrainedBatch(ids, lambda: self._resolved(call, labels(), rows), rows, call.bytes)
                )

    def end(self, moment: Moment) -> None:
        """The epoch is complete: record what it gave."""
        if (epoch := self.complete()) is not None:
            epoch.end(*moment)

    def complete(self) -> TrainingEpoch | None:
        """The epoch is complete, to be recorded at any time; None if no batch of it was trained on."""
        epoch = self._epoch if self.trained else None
        self.cancel()
        return epoch

    def refuse(self, why: str) -> None:
        """Keep nothing of this training; the receipt says why, half a sentence, unless that is plain."""
        self._gathered.refused = why
        self.cancel()
        if why:
            split = self._gathered.split
            said = f"no outputs of {split}'s own batches are kept: {why}"
            self._recording.tally.note(f"{split} outputs", said)

    def say_broken(self, passes: int) -> None:
        """Say that so many passes were not read to their end."""
        split = self._gathered.split
        said = f"passes over {split} that were not read to their end: {passes:,}; their outputs are not kept"
        self._recording.tally.note(f"{split} passes", said)

    def cancel(self) -> None:
        """The epoch breaks off: nothing of it is recorded, and no hook stays."""
        if self._first is not None:
            self._first.end()
        if self._calls is not None:
            self._calls.end()
        self._epoch = self._first = self._looked = self._batch = None

    def _ids(self, batch: Any) -> GivenIds:
        if self._count == 0:
            self._open_loader()
        number, self._count = self._count, self._count + 1
        if self._reader.gives_ids:
            return self._reader.ids(batch)
        if self._tap is None or self._indices is None:
            return None
        return self._tap.ids(self._indices, number)

    def _open_loader(self) -> None:
        given = self._loaders()
        loader = None if isinstance(given, Joined) else listed(given)[0]
        self._tap = self._taps.get(loader) if isinstance(loader, DataLoader) else None
        running = self._tap.latest if self._tap and self._running_pass is None else None
        if self._tap and self._running_pass is not None:
            running = self._running_pass()
        self._indices = running if isinstance(running, Pass) else None
        self._gathered.of = samples_in(loader)
        self._class_names = class_names_of(loader) or declared_names(self._model)

    def _look(self, batch: Any, rows: int, ids: GivenIds) -> None:
        """The first batch: find out which module is the head, and what may be labels."""
        self._looked = batch, rows, self._reader.labels.find(batch, rows), ids, []
        self._first = FirstBatch(self._model, {}, self._recording.guard)
        self._first.begin(batch, rows, self._reader.mask(batch))

    def _choose(self, first: FirstBatch) -> None:
        assert self._looked is not None
        (batch, rows, parts, given, targets), self._looked, self._first = self._looked, None, None
        fired, source = first.end(), self._reader.labels
        if not fired:
            if self._sure:  # else a loop may take a batch to look at it
                self.refuse("the step calls no module of the model, as compiled code calls none")
            return
        ids = given() if callable(given) else given
        chosen = source.decide(parts, batch, rows, evidence_of(first, fired, ids, len(self._class_names)))
        if not source.given and len(chosen) == 1:
            source.reader.finish(chosen[0].parsed, self._class_names)  # whether samples have several
        labels = self._parsed(source.standing(batch, rows), rows)
        seen = SeenLabels()
        seen.add(labels, source.reader.label_count, levels=bool(source.reader.levels))
        self._fired, self._rows, self._of_places = fired, rows, has_place_targets(batch, fired)
        proof = prove(fired, rows, self._facts(seen))
        self._scores = scores_of(proof)
        if self._scores is None or source.reader.label_count:
            self.refuse(_SEVERAL if source.reader.label_count else proof.why if labels is not None else "")
            return
        outermost = () if targets and self._sure else first.outermost
        head = self._scores
        guard = self._recording.guard
        self._calls = HeadCalls(self._modules, head.module, outermost, guard, head.pool, head.channels)
        values = first.values(self._scores)
        if values is None or first.views is not None or self._epoch is None or len(values) != rows:
            return
        scores = np.array(values) if isinstance(values, np.ndarray) else values
        later = host_copy(scores) if isinstance(scores, Tensor) else lambda: scores
        compared = tuple((lambda target=target: target) for target in targets)
        call = HeadCall(later, scores.nbytes, compared or None)
        if proof.module is None or not proof.module.learns or not self._sure:
            return
        self._epoch.add(TrainedBatch(ids, lambda: self._resolved(call, labels, rows), rows, scores.nbytes))

    def _resolved(self, call: HeadCall, standing: Any, rows: int) -> Resolved | None:
        """Scores and labels of a batch; no labels where the loss compares the scores with others as well.

        None where it is not known that row i of the scores is row i of the batch.
        """
        if call.targets is None or (call.copied is not None and not call.copied.equal()):
            return None
        labels = standing if isinstance(standing, np.ndarray) and standing.ndim == 1 else None
        labels = self._parsed(standing, rows) if labels is None else labels
        equal = [each is None or _equal(labels, each) for each in call.targets]
        if equal and not any(equal):
            return None
        return call.scores(), labels if all(equal) else None

    def _parsed(self, standing: Any, rows: int) -> Array | None:
        """`[B]` labels of what stands where they are; None if there are none, or several of each sample."""
        found = None if standing is None else self._reader.labels.reader.parse(standing, rows)
        return None if found is None or found.ndim != 1 else found

    def _facts(self, labels: SeenLabels) -> Facts:
        loss: Loss = self._choice.loss if self._choice.loss != "unknown" else self._loss
        if self._reader.labels.reader.said == "classification":
            loss = "classes"
        return Facts(
            labels,
            named=len(self._class_names),
            declared=self._declared,
            loss=loss,
            scores=self._choice.compared,
            of_places=self._of_places,
        )

    def _decide(self, labels: SeenLabels) -> str | None:
        """Why scores are not kept, once all labels of an epoch are known; called in the writer's thread."""
        proof = self._choice.proof or prove(self._fired, self._rows, self._facts(labels))
        if proof.kind in ONE_CLASS and scores_of(proof) == self._scores:
            return None
        if not labels.n:
            return ""
        if proof.kind in ONE_CLASS:
            return "its first batch did not tell which layer is the head"
        return _QUANTITIES if labels.dtype == "f" else proof.why


def _equal(labels: Array | None, target: Later) -> bool:
    """Whether a loss compares with the labels; of strings, whether each stands for one class of its own."""
    compared = target()
    if labels is None or compared.size != len(labels):
        return False
    if labels.dtype == object:
        pairs = set(zip(labels.tolist(), compared.reshape(-1).tolist(), strict=True))
        return len(pairs) == len({label for label, _ in pairs}) == len({number for _, number in pairs})
    return bool(np.array_equal(compared.reshape(-1).astype(np.float64), labels.astype(np.float64)))
