"""A snapshot of a split while it is taken: rows of its samples in order, batch after batch."""

from __future__ import annotations

from collections.abc import Mapping

from chroma.capture.call import CapturedCall
from chroma.capture.passes import SplitPass
from chroma.capture.schedule import Moment, Schedule
from chroma.capture.session import CaptureSession
from chroma.integrations._keras.layer_choice import Choice
from chroma.integrations._keras.splits import SplitSamples
from chroma.records import Array


class OpenSnapshot:
    """Gathers the values of a split's samples; nothing is recorded before `finish`.

    Args:
        samples: The samples.
        choice: Which layers are read.
        session: Where the pass is recorded.
        call: Prints what is captured, once.
        schedule: Tells how many snapshots there will be.
        moment: Epoch and step.
    """

    def __init__(
        self,
        samples: SplitSamples,
        choice: Choice,
        session: CaptureSession,
        call: CapturedCall,
        schedule: Schedule,
        moment: Moment,
    ) -> None:
        self._samples = samples
        self._choice = choice
        self._call = call
        self._schedule = schedule
        self._pass: SplitPass = session.begin(
            samples.split,
            *moment,
            identity=samples.identity,
            of=samples.samples.of,
            class_names=samples.class_names,
        )
        self._widths: dict[str, int] = {}

    def add(self, rows: slice, values: Mapping[str, Array]) -> None:
        """Add the values `[B, d]` of a batch, by layer; it holds these rows of the samples."""
        current, samples = self._pass, self._samples
        current.batch(samples.ids[rows], rows.stop - rows.start)
        if current.first:
            texts = None if samples.texts is None else samples.texts[rows]
            current.add_samples(
                texts=None if texts is None else lambda numbers: [texts[number] for number in numbers],
                labels=None if samples.labels is None else samples.labels[rows],
                inputs=None if samples.inputs is None else samples.inputs[rows],
                metadata={name: column[rows] for name, column in samples.metadata.items()},
            )
        for layer in self._choice.layers:
            current.add(layer, values[layer.name])
            self._widths[layer.name] = values[layer.name].shape[1]
        if self._choice.scores is not None:
            current.add_scores(values[self._choice.scores.name], self._choice.scores.head)

    def finish(self, moment: Moment) -> None:
        """Record the snapshot; all rows were added."""
        if self._pass.first:
            self._call.say(
                [(layer, self._widths[layer.name]) for layer in self._choice.layers],
                followed=len(self._samples.samples),
                of=self._samples.samples.of,
                snapshots=self._schedule.expected,
                split=self._samples.split,
                about=self._about(),
            )
        self._pass.end(*moment)

    def _about(self) -> str:
        """Where labels are, and which layer is the head, for people."""
        proof, classes = self._choice.proof, len(self._samples.class_names)
        head = proof.module.name if proof.module is not None and proof.kind is not None else "none"
        if not classes and proof.module is not None and proof.kind in ("classes", "binary"):
            classes = 2 if proof.kind == "binary" else proof.module.values_out
        number = f", {classes} classes" if classes and self._samples.labels is not None else ""
        where, _, rest = self._samples.about.partition(";")
        return f"labels: {where}{number}{rest and f';{rest}'}; head: {head}"
