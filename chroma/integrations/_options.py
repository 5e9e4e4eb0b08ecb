"""What a user may ask of a capture of PyTorch batches, the same for every way in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from chroma.capture.options import RunOptions
from chroma.capture.session import SPLITS
from chroma.capture.thinning import Thinning
from chroma.errors import ConfigError
from chroma.integrations._aside import Forward
from chroma.integrations._batch import BatchReader, Columns, Pick
from chroma.run.arguments import name_of

How = Literal["probe", "ride"]
Splits = Literal["auto"] | Sequence[str] | Mapping[str, How]
Task = Literal["auto", "classification", "multilabel", "regression", "sequence", "unlabelled", "custom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOptions(RunOptions):
    """Checked options; see `ChromaCallback` for what each means.

    Raises:
        ConfigError: An option cannot be used.
    """

    tags: Sequence[str] = ()
    splits: Splits = "auto"
    task: Task = "auto"
    max_overhead: float | None = None
    forward: Forward | None = None
    ids: Pick | None = None
    labels: Pick | None = None
    inputs: Pick | None = None
    metadata: Columns | None = None

    def __post_init__(self) -> None:
        RunOptions.__post_init__(self)
        if self.task not in get_args(Task):
            raise ConfigError(f"task={self.task!r} is not known; give one of {', '.join(get_args(Task))}")
        if self.max_overhead is not None and not 0 < self.max_overhead < 1:
            raise ConfigError(
                f"max_overhead={self.max_overhead!r} cannot be used; give a share of the training's time "
                "between 0 and 1, as 0.02, or None"
            )
        self.how()  # refuses what cannot be used, as the next lines do
        self.thinning(None)
        for tag in (self.tags,) if isinstance(self.tags, str) else self.tags:
            name_of("tags", tag)

    def how(self) -> dict[str, How] | None:
        """How each split is captured; None leaves it to what the trainer has."""
        if self.splits == "auto":
            return None
        if isinstance(self.splits, Mapping):
            given = dict(self.splits)
        else:
            names = [self.splits] if isinstance(self.splits, str) else self.splits
            given: dict[str, How] = {name: "probe" if name == "train" else "ride" for name in names}
        for name, how in given.items():
            if name not in SPLITS or how not in get_args(How) or (how == "probe" and name not in SPLITS[:2]):
                raise ConfigError(
                    f"splits={self.splits!r} cannot be used; give 'auto', some of {', '.join(SPLITS)}, or "
                    "{'train': 'probe' or 'ride', 'val': 'probe' or 'ride'}"
                )
        if not given:
            raise ConfigError("splits= is empty; name at least one, or give 'auto'")
        return given

    def thinning(self, passes: int | None) -> Thinning:
        """Which of so many passes are captured; None if their number is unknown."""
        return Thinning(self.every, self.max_snapshots, passes, self.max_overhead)

    def reader(self) -> BatchReader:
        """Reads batches as the user says."""
        return BatchReader(self.ids, self.labels, self.inputs, self.metadata, self.task)

    def run(self) -> dict[str, Any]:
        """What a `Run` takes of these."""
        return {
            **RunOptions.run(self),
            "tags": (self.tags,) if isinstance(self.tags, str) else tuple(self.tags),
            "task": None if self.task == "auto" else self.task,
        }
