"""What a user may ask of a capture, whatever the framework; checked when it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast, get_args

from chroma.capture.layers import Layer
from chroma.capture.limits import Limits
from chroma.capture.session import DEFAULT_MAX_SAMPLES, SPLITS, MaxSamples, max_samples_of
from chroma.errors import ConfigError
from chroma.run.arguments import Dtype, name_of
from chroma.run.events import check_rules
from chroma.run.recording import Recording

How = Literal["probe", "ride"]
Splits = Literal["auto"] | Sequence[str] | Mapping[str, How]
Task = Literal["auto", "classification", "multilabel", "regression", "sequence", "unlabelled", "custom"]


def doc(text: str) -> Mapping[str, str]:
    """The documentation of an option: each docstring and table begins with it, and may go on."""
    return {"doc": text}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The checked options of every capture: their names, types, defaults and meaning.

    Raises:
        ConfigError: An option cannot be used.
    """

    project: str | None = field(
        default=None,
        metadata=doc("Group of runs; by default the name of the git repository, or folder, one works in."),
    )
    name: str | None = field(default=None, metadata=doc("Readable name of the run."))
    run_id: str | None = field(
        default=None, metadata=doc("Id of the run, else `CHROMA_RUN_ID`, else a new one.")
    )
    tags: Sequence[str] = field(default=(), metadata=doc("Names given to the run."))
    layers: str | Layer | Sequence[str | Layer] = field(
        default="auto",
        metadata=doc('"auto" (the input and output of the classifier head, else of the last layer).'),
    )
    splits: Splits = field(default="auto", metadata=doc('"auto": val where there is one, else train.'))
    every: int | str = field(default=1, metadata=doc('Epochs between snapshots, or steps as in "500 steps".'))
    max_samples: MaxSamples = field(
        default=DEFAULT_MAX_SAMPLES,
        metadata=doc(
            "Most samples to follow in each split, the same ones all along; None for all; or by split, as "
            '{"train": 5_000, "val": None}.'
        ),
    )
    max_snapshots: int | None = field(
        default=40,
        metadata=doc(
            "Most snapshots to show: of long trainings at growing distance, the last among them; "
            "None for all."
        ),
    )
    dtype: Dtype = field(default="float16", metadata=doc('Of stored vectors: "float16", or "float32".'))
    task: Task = field(
        default="auto",
        metadata=doc(
            '"auto", or what is learned: "classification", "multilabel", "regression", "sequence", '
            '"unlabelled", "custom".'
        ),
    )
    log_inputs: bool = field(default=True, metadata=doc("Keep inputs that look like images as thumbnails."))
    max_overhead: float | None = field(
        default=None,
        metadata=doc(
            "Largest share of the training's time that capture may take, as 0.02: judged after 30 s, every "
            "second, fourth … snapshot is taken as need be. None for any."
        ),
    )
    outputs: bool = field(
        default=True,
        metadata=doc(
            "Keep what a classifier says of each training sample in each epoch, from the training's own "
            "passes: 16 bytes besides its id."
        ),
    )
    alarms: bool = field(
        default=True,
        metadata=doc("Look at each snapshot for collapse, divergence and the like, in the background."),
    )
    stop_on: Sequence[str] = field(
        default=(),
        metadata=doc(
            'Alarms that end the training, some of "collapse", "divergence", "dead_layer", "label_shift", '
            '"forgetting", "drift", "leak".'
        ),
    )
    silent: bool = field(default=False, metadata=doc("Print neither what was chosen nor the receipt."))

    def __post_init__(self) -> None:
        if self.dtype not in ("float16", "float32"):
            raise ConfigError(f"dtype={self.dtype!r} cannot be used; give 'float16' or 'float32'")
        if self.task not in get_args(Task):
            raise ConfigError(f"task={self.task!r} is not known; give one of {', '.join(get_args(Task))}")
        _check_layers(self.layers)
        max_samples_of("val", self.max_samples)  # refuses what cannot be used, as the next lines do
        self.how()
        self.limits()
        if check_rules(self.stop_on) and not self.alarms:
            raise ConfigError("stop_on= needs alarms: leave out alarms=False")
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

    def watch(self, recording: Recording, *, processes: int = 1, rank: int = 0) -> None:
        """Look for alarms in a run as asked.

        Args:
            recording: Of the run.
            processes: How many train together.
            rank: Which of them this is: the first one looks, at its share of the samples.
        """
        if not self.alarms or rank > 0:
            return
        stop_on = check_rules(self.stop_on)
        if processes > 1:
            said = f"alarms look at the samples of one of {processes:,} processes"
            recording.tally.note("alarms share", said)
        if processes > 1 and stop_on:
            stop_on = ()
            recording.tally.note(
                "stop_on",
                "stop_on= ends trainings of one process only: several would have to wait for each other",
            )
        recording.events.start(stop_on=stop_on, silent=self.silent)

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


def _check_layers(given: Any) -> None:
    """Refuse what names no layers."""
    several = isinstance(given, Sequence) and not isinstance(given, (str, bytes))
    entries = list(cast("Sequence[Any]", given)) if several else [given]
    if not entries or not all(isinstance(each, (str, Layer)) for each in entries):
        raise ConfigError(
            f"layers={given!r} cannot be used; give 'auto', or names, globs or chroma.Layer(name) of modules"
        )
