"""The tally: counts what becomes of a run's records, for its receipt."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chroma.records import RunEvent, RunStatus
from chroma.run.receipt import LayerReceipt, Receipt

_MOST_EVENTS = 20  # in a receipt


def said(event: RunEvent) -> str:
    """An event in one line, with when it was."""
    when = f"step {event.step:,}" if event.epoch is None else f"epoch {event.epoch:,}, step {event.step:,}"
    return f"{when}: {event.title}{f' ({event.text})' if event.text else ''}"


def clock() -> float:
    """Seconds since some moment; 0 where the machine's clock cannot be read."""
    try:
        return time.perf_counter()
    except Exception:  # noqa: BLE001  # whatever it is, training goes on
        return 0.0


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
    _images: dict[str, list[int]] = field(default_factory=dict[str, list[int]])  # by split: kept, of
    _broken: dict[str, str] = field(default_factory=dict[str, str])  # by split: what is wrong with the first
    _events: list[str] = field(default_factory=list[str])  # the first ones
    _later: int = 0  # events after them
    _missing: Counter[str] = field(default_factory=Counter[str])
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _opened: float = field(default_factory=clock)

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

    def happened(self, event: RunEvent) -> None:
        """An event of the run is in the journal."""
        with self._lock:
            if len(self._events) < _MOST_EVENTS:
                self._events.append(said(event))
            else:
                self._later += 1

    def broken_images(self, split: str, broken: Mapping[int, str], of: int) -> None:
        """Images that could not be decoded, by row, of so many: they alone are missing."""
        if not of:
            return
        with self._lock:
            images = self._images.setdefault(split, [0, 0])
            images[0] += of - len(broken)
            images[1] += of
            kept, came = images
        if broken:
            row, reason = next(iter(broken.items()))
            self.miss(f"images of {split} that cannot be decoded", len(broken))
            self._broken.setdefault(split, f"an image of {split} cannot be decoded (row {row}: {reason})")
        if split in self._broken:
            self.note(
                f"images {split}", f"{kept:,} of {came:,} images of {split} are kept: {self._broken[split]}"
            )

    def receipt(self, status: RunStatus, errors: Sequence[str] = (), refusals: Sequence[str] = ()) -> Receipt:
        """The receipt as things stand; see `Guard` for errors and refusals."""
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
                training_seconds=round(clock() - self._opened, 4),
                missing=dict(self._missing),
                events=(*self._events, *([f"{self._later:,} more"] if self._later else [])),
                notes=(*self.notes.values(), *refusals[-3:]),
                errors=tuple(errors),
            )
