"""What a user may ask of a capture of Keras, and say of the samples of a fit; imports no Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from chroma.capture.labels import LabelReader
from chroma.capture.options import RunOptions
from chroma.errors import ConfigError
from chroma.ids import sample_ids
from chroma.records import Array, Ids
from chroma.run.arrays import as_array
from chroma.thumbnails import looks_like_image

if TYPE_CHECKING:
    from chroma.integrations._keras.label_targets import LabelTarget
    from chroma.integrations._keras.samples import ProbeSamples

_LONGEST_TEXT = 1_000  # characters of a text that is shown
Pick = Any  # an array `[N]`, one for each split, a key of the inputs, or a function of (x, y)


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasOptions(RunOptions):
    """Options of a capture, and what the user says of the samples; see `ChromaCallback`."""

    data: Any = None
    ids: Pick = None
    labels: Pick = None
    inputs: Pick = None
    metadata: Any = None

    def ids_of(self, split: str, samples: ProbeSamples) -> Ids | None:
        """The user's own keys of the samples, None if not given."""
        values = _picked(self.ids, split, samples, "ids")
        if values is None:
            return None
        ids = sample_ids(values)
        if len(np.unique(ids.astype(str))) < len(ids):
            raise ConfigError("ids= names a sample twice; give each sample its own")
        return ids

    def labels_of(
        self, split: str, samples: ProbeSamples, reader: LabelReader, targets: Sequence[LabelTarget]
    ) -> Array | None:
        """`[n]` labels: as given, else of the likeliest target."""
        n = len(samples)
        given = _picked(self.labels, split, samples, "labels")
        if given is not None:
            found = reader.read(given, n)
            if found is None:
                raise ConfigError(
                    "labels= must give one row per sample: [n] numbers or strings, or [n, C] zeros and ones"
                )
            return found
        return reader.finish(targets[0].parsed, ()) if targets else None

    def inputs_of(self, samples: ProbeSamples) -> Array | None:
        """`[n, …]` inputs to show: as given, else the first that looks like images."""
        if self.inputs is not None:
            return _picked(self.inputs, "", samples, "inputs")
        leaves = _leaves(samples.x)
        return next((leaf for leaf in leaves if leaf.dtype != object and looks_like_image(leaf[:1])), None)

    def texts_of(self, samples: ProbeSamples) -> list[str] | None:
        """`[n]` texts to show: the first input that has one string per sample; None without."""
        for leaf in _leaves(samples.x):
            if leaf is not None and leaf.dtype == object and leaf.size == len(samples):
                rows: list[Any] = leaf.reshape(-1).tolist()
                texts = [
                    row.decode("utf-8", "replace") if isinstance(row, bytes) else str(row) for row in rows
                ]
                return [text[:_LONGEST_TEXT] for text in texts]
        return None

    def metadata_of(self, split: str, samples: ProbeSamples) -> dict[str, Array]:
        """Name to `[n]` values, sample weights among them."""
        given: Mapping[str, Any] = (
            cast("Callable[[Any, Any], Any]", self.metadata)(samples.x, samples.y)
            if callable(self.metadata)
            else self.metadata or {}
        )
        if split in given and isinstance(given[split], Mapping):
            given = given[split]
        own = {name: _picked(values, split, samples, f"metadata {name}") for name, values in given.items()}
        return {**samples.metadata, **{name: column for name, column in own.items() if column is not None}}


def targets_of(samples: ProbeSamples) -> list[Any]:
    """Arrays of the targets, without those that are inputs again, as an autoencoder has them."""
    inputs = _leaves(samples.x)
    targets = [] if samples.y is None else _leaves(samples.y)
    return [
        target
        for target in targets
        if not any(target is given or np.array_equal(target, given) for given in inputs)
    ]


def _leaves(structure: Any) -> list[Any]:
    """Arrays in nested lists and dicts, in Keras's order."""
    import keras

    return cast("Any", keras).tree.flatten(structure)


def _picked(pick: Pick, split: str, samples: ProbeSamples, argument: str) -> Array | None:
    if isinstance(pick, Mapping):
        pick = cast("Mapping[str, Any]", pick).get(split)
    if pick is None:
        return None
    if isinstance(pick, str):
        if not isinstance(samples.x, Mapping) or pick not in samples.x:
            raise ConfigError(
                f"{argument}={pick!r} is not among the inputs; give one of their names or an array"
            )
        values = samples.x[pick]
    elif callable(pick):
        values = cast("Callable[[Any, Any], Any]", pick)(samples.x, samples.y)
    else:
        values = np.asarray(as_array("metadata", pick))
        if len(values) != len(samples):  # of the whole source
            if len(values) <= int(samples.ids.max()):
                raise ConfigError(
                    f"{argument}= has {len(values)} values for {samples.of or len(samples)} samples; "
                    "give one each"
                )
            values = values[samples.ids.astype(np.int64)]
    return np.asarray(as_array("metadata", values))
