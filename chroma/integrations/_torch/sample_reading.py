"""What is known of the samples of batches: labels, inputs, texts and metadata, given to a split's pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chroma.capture.heads import Proof, SeenLabels
from chroma.capture.modules import Module
from chroma.capture.passes import SplitPass
from chroma.capture.splits import GivenIds
from chroma.integrations._torch.batch import BatchReader
from chroma.integrations._torch.first_batch import FirstBatch
from chroma.integrations._torch.label_parts import Evidence, LabelPart
from chroma.integrations._torch.place_targets import has_place_targets
from chroma.records import Array, Ids
from chroma.run.tally import Tally


class SampleReading:
    """Reads what is known of samples, while a split's passes are captured.

    Args:
        reader: Reads batches.
        log_inputs: Whether inputs are kept.

    Attributes:
        seen: What the labels say of the classes.
        task: What is learned, as far as labels tell; "" before the first batch.
        class_names: Names of the classes, by index.
        of_places: Whether the batch gives a class for each place of a sample.
    """

    def __init__(self, reader: BatchReader, *, log_inputs: bool) -> None:
        self._reader = reader
        self._log_inputs = log_inputs
        self._undecided: tuple[Any, int, Sequence[LabelPart], Ids | None] | None = None
        self.seen = SeenLabels()
        self.task = ""
        self.class_names: Sequence[str] = ()
        self.of_places = False

    @property
    def may_have_several(self) -> bool:
        """Whether a sample may have several labels."""
        return bool(self._reader.labels.reader.label_count)

    @property
    def said(self) -> str:
        """What the user says is learned, or "auto"."""
        return self._reader.labels.reader.said

    def read(self, current: SplitPass, batch: Any, rows: int, *, followed: bool, decided: bool) -> None:
        """Read a batch that is about to go through the model.

        Args:
            current: The pass over its split.
            batch: The batch.
            rows: Samples in it.
            followed: Whether any of its samples is followed.
            decided: Whether it is known where labels are: else `decide` follows.
        """
        reader = self._reader
        if not current.first:
            current.add_labels(
                lambda: reader.labels.read(batch, rows, self.class_names),
                lambda: reader.labels.at_hand(batch, rows),
            )
            if not current.describes:
                return
        kept = self._log_inputs and followed
        current.add_samples(
            labels=None,
            inputs=reader.inputs(batch, rows) if kept else None,
            metadata=reader.metadata(batch),
            texts=reader.texts(batch) if kept else None,
        )
        if current.first and (decided or reader.labels.given):
            labels = reader.labels.read(batch, rows, self.class_names)
            self._add(current, labels, batch, rows)

    def look(self, batch: Any, rows: int, ids: GivenIds) -> None:
        """Find out what may be labels in the first batch, before it goes through the model."""
        known = ids() if callable(ids) else ids
        self._undecided = batch, rows, self._reader.labels.find(batch, rows), known

    def decide(self, current: SplitPass, first: FirstBatch, fired: Sequence[Module], tally: Tally) -> None:
        """Decide what the labels are by what was seen while the first batch went through the model.

        Args:
            current: The pass over its split.
            first: What watched the batch.
            fired: The modules that it saw.
            tally: Where it is noted if that cannot be decided.
        """
        if self._undecided is None:
            return
        (batch, rows, parts, ids), self._undecided = self._undecided, None
        self.of_places = has_place_targets(batch, fired)
        evidence = evidence_of(first, fired, ids, len(self.class_names))
        source = self._reader.labels
        chosen = source.decide(parts, batch, rows, evidence)
        if source.several:
            tally.note("labels", f"labels are {source.about}")
        if not source.given:
            labels = source.reader.finish(chosen[0].parsed, self.class_names) if len(chosen) == 1 else None
            self._add(current, labels, batch, rows)

    def about(self, proof: Proof) -> str:
        """Where labels are and which layer is the head, as far as the first batch tells."""
        classes = len(self.class_names)
        if not classes and proof.module is not None and proof.kind in ("classes", "binary"):
            classes = 2 if proof.kind == "binary" else proof.module.values_out
        number = f", {classes} classes" if classes and self.seen.n else ""
        head = proof.module.name if proof.module is not None and proof.kind is not None else "none"
        return f"labels: {self._reader.labels.about}{number}; head: {head}"

    def forget(self) -> None:
        """The first batch did not go through the model."""
        self._undecided = None

    def _add(self, current: SplitPass, labels: Array | None, batch: Any, rows: int) -> None:
        source = self._reader.labels
        self.seen.add(labels, source.reader.label_count, levels=bool(source.reader.levels))
        if not self.task:
            self.task = source.task(labels, batch)
        current.add_samples(labels=labels, inputs=None, metadata=source.undecided(batch, rows))


def evidence_of(first: FirstBatch, fired: Sequence[Module], ids: Ids | None, named: int) -> Evidence:
    """What the first batch shows of its parts, once it went through the model.

    Args:
        first: What watched the batch.
        fired: The modules that it saw.
        ids: `[B]` ids of its samples; None if they are not known.
        named: Classes that the dataset names; 0 if it names none.
    """
    ends = [each for each in fired if each.leaf and each.matrix and each.gives is not None]
    widths = frozenset(each.values_out for each in ends)
    return Evidence(ids, first.beside, frozenset(first.compared), widths, named)
