"""The receipt: what was captured, what it cost, what is missing, and the command that shows it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from chroma.records import RunStatus
from chroma.run.printing import WIDTH, labelled, shortened, size_text
from chroma.shipper import Shipment

_IDENTITY = {
    "index": "dataset indices",
    "key": "your own keys",
    "content": "known by their content",
    "order": "unknown: samples are numbered in the order they came; ids= gives them keys",
}

_COUNTED = re.compile(r"(rows|ids|samples|images|texts|labels|values|snapshots|batches) (of|without)\b")
_PASSES = re.compile(r"\S+ (passes)\b")
_OF_RECORDS = ("it ", "the ")  # how reasons begin that the writer of the journal gives


@dataclass(frozen=True, slots=True)
class LayerReceipt:
    """What was captured of one layer in one split.

    Attributes:
        layer: Name of the layer.
        split: Name of the split.
        snapshots: Snapshots that are in the journal.
        snapshots_of: Snapshots that were taken; the rest is missing.
        n: Samples in the last snapshot that is in the journal.
        of: Samples the dataset split holds; 0 if unknown.
        dim: Values per sample.
        bytes: Size of the snapshots.
    """

    layer: str
    split: str
    snapshots: int
    snapshots_of: int
    n: int
    of: int
    dim: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a run captured; `str()` of it is the text that closes a training.

    Attributes:
        run: Id of the run.
        name: Its name.
        project: Its project.
        status: running, finished, failed or interrupted.
        layers: What was captured of each layer and split.
        identity: How the ids of each split are known: index, key, content or order.
        bytes: Everything written, in bytes.
        seconds: Time Chroma took on the training's thread.
        training_seconds: Time from the opening of the run to its end.
        missing: Reason to how much is not in the journal because of it: rows, samples, passes … if the reason
            begins with these, else records that were not written, or how often it happened.
        notes: Whatever else must be said: limits, passes that were left out, what was refused.
        errors: Sentences of errors of Chroma's own that were stopped, each once.
        events: Alarms, and what was given to `Run.alert`, as they came; the first 20, and how many more.
        shipment: How much of it is on `CHROMA_SERVER`; None where there is no server.
    """

    run: str
    name: str
    project: str
    status: RunStatus
    layers: Sequence[LayerReceipt]
    identity: Mapping[str, str]
    bytes: int
    seconds: float
    training_seconds: float
    missing: Mapping[str, int]
    notes: Sequence[str] = ()
    errors: Sequence[str] = ()
    events: Sequence[str] = ()
    shipment: Shipment | None = None

    @property
    def percent(self) -> float:
        """Share of the training's time that Chroma took on its thread, in percent."""
        return 100 * self.seconds / self.training_seconds if self.training_seconds > 0 else 0.0

    @property
    def command(self) -> str:
        """The command that opens the dashboard on this run; its address, where it is on a server."""
        if self.shipment is not None:
            return f"{self.shipment.server}/?run={quote(self.run)}"
        return f"chroma ui {shlex.quote(self.name)}"

    @property
    def lost(self) -> Sequence[str]:
        """What is missing, a line for each reason, with how much of what."""
        return [counted(reason, count) for reason, count in self.missing.items()]

    def as_json(self) -> dict[str, Any]:
        """The receipt as JSON values, with `percent`, `command` and `lost`; how much is sent is left out."""
        values = {name: value for name, value in asdict(self).items() if name != "shipment"}
        return values | {"percent": self.percent, "command": self.command, "lost": self.lost}

    def __str__(self) -> str:
        head = f"chroma · {self.name} · {self.status}"
        size = size_text(self.bytes)
        lines = [f"{head}{size:>{max(WIDTH - len(head), len(size) + 1)}}", "─" * WIDTH, *self._table()]
        splits = {line.split for line in self.layers}
        for split, identity in self.identity.items():
            if split not in splits:  # nothing of it is there to have ids
                continue
            lines += labelled("ids", f"{split}: {_IDENTITY.get(identity, identity)}")
        if self.training_seconds > 0:
            lines += labelled(
                "cost",
                f"{self.seconds:.2f} s of {self.training_seconds:.1f} s on the training's thread "
                f"({self.percent:.1f}%)",
            )
        for line in self.lost:
            lines += labelled("missing", line)
        for event in self.events:
            lines += labelled("event", event)
        for note in self.notes:
            lines += labelled("note", note)
        for error in self.errors[-3:]:
            lines += labelled("error", error)
        if self.shipment is not None:
            lines += labelled("sent", str(self.shipment))
        return "\n".join([*lines, *labelled("watch", self.command)])

    def _table(self) -> list[str]:
        if not self.layers:
            return labelled("", "no layer was captured")
        rows = [("layer", "split", "snapshots", "samples", "dim", "size")]
        for line in self.layers:
            rows.append(
                (
                    line.layer,
                    line.split,
                    f"{line.snapshots:,} of {line.snapshots_of:,}",
                    f"{line.n:,} of {line.of:,}" if line.of else f"{line.n:,}",
                    f"{line.dim:,}",
                    size_text(line.bytes),
                )
            )
        widths = [max(len(row[column]) for row in rows) for column in range(6)]
        widths[0] = max(8, min(widths[0], WIDTH - sum(widths[1:]) - 10))
        return [
            "  ".join(
                (shortened(cell, width).ljust if column < 2 else cell.rjust)(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]


def counted(reason: str, count: int) -> str:
    """What is missing, and how much of it: "96 rows of val without ids", "2 records: the disk is full"."""
    found = _COUNTED.match(reason) or _PASSES.match(reason)
    if found:
        several = found[1]
        one = several[: -2 if several in ("passes", "batches") else -1]
        return f"{count:,} {reason if count != 1 else reason.replace(several, one, 1)}"
    unit = "record" if reason.startswith(_OF_RECORDS) else "time"
    return f"{count:,} {unit}{'' if count == 1 else 's'}: {reason}"
