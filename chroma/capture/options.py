"""What a user may ask of a capture, whatever the framework; checked when it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from chroma.capture.layers import Layer
from chroma.capture.limits import Limits
from chroma.capture.session import DEFAULT_MAX_SAMPLES, SPLITS, MaxSamples, max_samples_of
from chroma.errors import ConfigError
from chroma.run.arguments import Dtype, name_of

How = Literal["probe", "ride"]
Splits = Literal["auto"] | Sequence[str] | Mapping[str, How]
Task = Literal["auto", "classification", "multilabel", "regression", "sequence", "unlabelled", "custom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Checked options; see `chroma.autolog` for what each means.

    Raises:
        ConfigError: An option cannot be used.
    """

    project: str | None = None
    name: str | None = None
    run_id: str | None = None
    tags: Sequence[str] = ()
    layers: str | Layer | Sequence[str | Layer] = "auto"
    splits: Splits = "auto"
    every: int | str = 1
    max_samples: MaxSamples = DEFAULT_MAX_SAMPLES
    max_snapshots: int | None = 40
    dtype: Dtype = "float16"
    task: Task = "auto"
    log_inputs: bool = True
    max_overhead: float | None = None
    silent: bool = False

    def __post_init__(self) -> None:
        if self.dtype not in ("float16", "float32"):
            raise ConfigError(f"dtype={self.dtype!r} cannot be used; give 'float16' or 'float32'")
        if self.task not in get_args(Task):
            raise ConfigError(f"task={self.task!r} is not known; give one of {', '.join(get_args(Task))}")
        max_samples_of("val", self.max_samples)  # refuses what cannot be used, as the next lines do
        self.how()
        self.limits()
        for argument, value in (("project", self.project), ("name", self.name)):
            if value is not None:
                name_of(argument, value)
        for tag in self._tags():
            name_of("tags", tag)

    @classmethod
    def picked(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Those entries of `given`, as `locals()` at the top of a function, that are options."""
        return {each.name: given[each.name] for each in fields(cls) if each.name in given}

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

    def limits(self) -> Limits:
        """How often snapshots are taken, and how many; see `Schedule`."""
        return Limits(self.every, self.max_snapshots, self.max_overhead)

    def run(self) -> dict[str, Any]:
        """What a `Run` takes of these."""
        return {
            "project": self.project,
            "name": self.name,
            "run_id": self.run_id,
            "dtype": self.dtype,
            "tags": self._tags(),
            "task": None if self.task == "auto" else self.task,
        }

    def _tags(self) -> tuple[str, ...]:
        return (self.tags,) if isinstance(self.tags, str) else tuple(self.tags)
