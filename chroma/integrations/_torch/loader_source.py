"""A user's own loader as a source of batches: it is read anew each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from torch.utils.data import DataLoader

from chroma.capture.splits import Dealt, GivenIds
from chroma.integrations._sources.reading import UnreadableError, obstacle_of
from chroma.integrations._torch.drawn import dealt_by, expected_of
from chroma.integrations._torch.sample_ids import class_names_of, knows_ids, samples_in, tap, untap
from chroma.integrations._torch.wrapped_loaders import loader_in, read_instead
from chroma.records import Identity


class LoaderSource:
    """Reads a loader in each pass; all that reading changes in it is put back afterwards.

    Args:
        loader: A DataLoader, whose indices are recorded, also within what wraps it; or any iterable of
            batches.

    Raises:
        UnreadableError: Its state could not be put back.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = read_instead(loader)
        if (obstacle := obstacle_of(self._loader)) is not None:
            raise UnreadableError(obstacle, "give as loader= a list of its batches, made before the training")
        self._inner = loader = loader_in(loader)
        self._tap = tap(loader) if knows_ids(loader) else None
        self._iterator: Any = None  # of persistent workers: ours, apart from the user's
        self.identity: Identity = "order" if self._tap is None else "index"
        self.of = samples_in(loader)
        self.class_names: Sequence[str] = class_names_of(loader)
        self.holders: Sequence[Any] = (self._loader,)
        self.dealt: Callable[[], Dealt | None] | None = self._tap and partial(dealt_by, loader)

    def batches(self) -> Iterator[tuple[GivenIds, Any]]:
        """Ids and batch, one after the other."""
        recorded = None
        for number, batch in enumerate(self._read()):
            if self._tap and number == 0:
                recorded = self._tap.latest
            yield self._tap.ids(recorded, number) if self._tap and recorded else None, batch

    def doubt(self, split: str, identity: str) -> str | None:
        """What must be said of the ids; None if they are certain; see `Collated.doubt`."""
        collated = None if self._tap is None else self._tap.collated
        return None if collated is None else collated.doubt(split, identity)

    def expected_of(self, followed: int) -> tuple[int, bool]:
        """How many of the samples that are followed a pass brings; see `drawn.expected_of`."""
        return expected_of(followed, self._inner)

    def close(self) -> None:
        """Let go of the loader."""
        if self._tap is not None:
            untap(self._inner)
            self._tap = None
        self._iterator = None

    def _read(self) -> Iterator[Any]:
        """The loader's batches; persistent workers are not those of the user, who may be reading them."""
        loader = self._loader
        if not (isinstance(loader, DataLoader) and loader.persistent_workers):
            yield from loader
            return
        private: Any = loader
        theirs, private._iterator = private._iterator, self._iterator
        try:
            batches = iter(loader)
        finally:
            self._iterator, private._iterator = private._iterator, theirs
        yield from batches
