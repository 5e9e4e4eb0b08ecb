"""The receipt: what was captured, what it cost, what is missing, and the command that shows it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from chroma.records import RunStatus

_WIDTH = 79
_IDENTITY = {
    "index": "dataset indices",
    "key": "your own keys",
    "order": "unknown: samples are numbered in the order they came",
}


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
        identity: How the ids of each split are known: index, key or order.
        bytes: Everything written, in bytes.
        seconds: Time Chroma took on the training's thread.
        training_seconds: Time from the opening of the run to its end.
        missing: Reason to the number of records that are not in the journal because of it.
        notes: Whatever else must be said: caps, thinning, layers that were refused.
        errors: Sentences of errors of Chroma's own that were stopped.
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

    @property
    def percent(self) -> float:
        """Share of the training's time that Chroma took on its thread, in percent."""
        return 100 * self.seconds / self.training_seconds if self.training_seconds > 0 else 0.0

    @property
    def command(self) -> str:
        """The command that opens the dashboard on this run."""
        return f"chroma ui {self.name}"

    def as_json(self) -> dict[str, Any]:
        """The receipt as JSON values, with `percent` and `command`."""
        return asdict(self) | {"percent": self.percent, "command": self.command}

    def __str__(self) -> str:
        head = f"chroma · {self.name} · {self.status}"
        size = _size(self.bytes)
        lines = [f"{head}{size:>{max(_WIDTH - len(head), len(size) + 1)}}", "─" * _WIDTH, *self._table()]
        for split, identity in self.identity.items():
            lines += _said("ids", f"{split}: {_IDENTITY.get(identity, identity)}")
        if self.training_seconds > 0:
            lines += _said(
                "cost",
                f"{self.seconds:.2f} s of {self.training_seconds:.1f} s on the training's thread "
                f"({self.percent:.1f} %)",
            )
        for reason, count in self.missing.items():
            lines += _said("missing", f"{count} {'record' if count == 1 else 'records'}: {reason}")
        for note in self.notes:
            lines += _said("note", note)
        for error in self.errors[-3:]:
            lines += _said("error", error)
        return "\n".join([*lines, *_said("watch", self.command)])

    def _table(self) -> list[str]:
        if not self.layers:
            return _said("", "no layer was captured")
        rows = [("layer", "split", "snapshots", "samples", "dim", "size")]
        for line in self.layers:
            rows.append(
                (
                    line.layer,
                    line.split,
                    f"{line.snapshots:,} of {line.snapshots_of:,}",
                    f"{line.n:,} of {line.of:,}" if line.of else f"{line.n:,}",
                    f"{line.dim:,}",
                    _size(line.bytes),
                )
            )
        widths = [max(len(row[column]) for row in rows) for column in range(6)]
        widths[0] = max(8, min(widths[0], _WIDTH - sum(widths[1:]) - 10))
        return [
            "  ".join(
                (_shorten(cell, width).ljust if column < 2 else cell.rjust)(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]


@dataclass
class Tally:
    """Counts what becomes of a run's records; used by the training's thread and the writer's.

    Attributes:
        run: Id of the run.
        name: Its name.
        project: Its project.
        identity: How ids are known, by split.
        split_of: Samples each dataset split holds.
        bytes: Bytes in the journal.
        seconds: Time spent on the training's thread.
        notes: What the receipt must say besides, by subject.
    """

    run: str
    name: str
    project: str
    identity: dict[str, str] = field(default_factory=dict[str, str])
    split_of: dict[str, int] = field(default_factory=dict[str, int])
    bytes: int = 0
    seconds: float = 0.0
    notes: dict[str, str] = field(default_factory=dict[str, str])
    _lines: dict[tuple[str, str], dict[str, int]] = field(
        default_factory=dict[tuple[str, str], dict[str, int]]
    )
    _missing: Counter[str] = field(default_factory=Counter[str])
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _opened: float = field(default_factory=time.perf_counter)

    def taken(self, layer: str, split: str, dim: int) -> None:
        """A snapshot was taken."""
        with self._lock:
            line = self._lines.setdefault(
                (layer, split), {"snapshots": 0, "snapshots_of": 0, "n": 0, "bytes": 0}
            )
            line["snapshots_of"] += 1
            line["dim"] = dim

    def kept(self, layer: str, split: str, n: int) -> None:
        """A snapshot of so many samples is in the journal."""
        with self._lock:
            line = self._lines[layer, split]
            line["snapshots"] += 1
            line["n"] = n

    def wrote(self, size: int, layer: str | None = None, split: str = "") -> None:
        """A record is in the journal."""
        with self._lock:
            self.bytes += size
            if layer is not None:
                self._lines[layer, split]["bytes"] += size

    def miss(self, reason: str, count: int = 1) -> None:
        """Records are not in the journal."""
        with self._lock:
            self._missing[reason] += count

    def note(self, about: str, sentence: str) -> None:
        """Say something in the receipt; the last sentence about a thing counts."""
        with self._lock:
            self.notes[about] = sentence

    def receipt(self, status: RunStatus, errors: Sequence[str] = ()) -> Receipt:
        """The receipt as things stand."""
        with self._lock:
            return Receipt(
                run=self.run,
                name=self.name,
                project=self.project,
                status=status,
                layers=tuple(
                    LayerReceipt(layer, split, of=self.split_of.get(split, 0), **line)
                    for (layer, split), line in self._lines.items()
                ),
                identity=dict(self.identity),
                bytes=self.bytes,
                seconds=round(self.seconds, 4),
                training_seconds=round(time.perf_counter() - self._opened, 4),
                missing=dict(self._missing),
                notes=tuple(self.notes.values()),
                errors=tuple(errors),
            )


def forecast(
    name: str, layers: Sequence[tuple[str, int, str]], *, n: int, of: int, size: int, snapshots: int | None
) -> str:
    """What is said at the first batch: what will be captured, why, and how much space it takes.

    Args:
        name: Name of the run.
        layers: Name, values per sample and reason of each layer.
        n: Samples that are followed, 0 if unknown.
        of: Samples the dataset split holds.
        size: Bytes of a value.
        snapshots: How many snapshots are expected, None if unknown.
    """
    samples = f" · {n:,} of {of:,} samples" if n else ""
    lines = [f"chroma · {name}{samples}"]
    for layer, dim, reason in layers:
        space = ""
        if n:
            space = f", {_size(n * dim * size)} per snapshot"
            space += f", {_size(n * dim * size * snapshots)} in all" if snapshots else ""
        lines += [f"  {layer}  [{dim:,}]{space}", f"    {reason}"]
    return "\n".join(lines)


def announce(text: str) -> None:
    """Print to the user's terminal: the receipt, and what was chosen at the first batch."""
    print(f"\n{text}", flush=True)  # noqa: T201


def _said(about: str, text: str) -> list[str]:
    """A line `about  text`, folded at the page's width."""
    import textwrap

    folded = textwrap.wrap(text, _WIDTH - 9, break_on_hyphens=False) or [""]
    return [f"{about if number == 0 else '':<9}{line}" for number, line in enumerate(folded)]


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _shorten(text: str, width: int) -> str:
    return text if len(text) <= width else "…" + text[len(text) - width + 1 :]
