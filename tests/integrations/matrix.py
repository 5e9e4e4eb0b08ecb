"""Ways to load samples, and how Chroma knew which they were: run by `test_identity`, shown on a page.

CHROMA_WRITE_MATRIX=1 python -m pytest tests/integrations/test_identity.py    writes what the tests found
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    IterableDataset,
    RandomSampler,
    Subset,
    WeightedRandomSampler,
)

ALL = range(100)
THEIRS = "the workers' order"


@dataclass(frozen=True)
class Case:
    """One way to load the 100 validation samples.

    Attributes:
        name: For people.
        loader: Makes the DataLoader.
        trainer: Arguments of the Trainer.
        ids: Ids that are followed; None where chance decides which, and so how many.
        identity: How ids are known.
        passes: Snapshots that two epochs give.
    """

    name: str
    loader: Callable[[Any], Any]
    trainer: dict[str, Any] = field(default_factory=dict)
    ids: Any = ALL
    identity: str = "index"
    passes: int = 2

    @property
    def rows(self) -> str | None:
        """What is said of rows that are not counted: chance chooses them, or their order."""
        return THEIRS if "in_order" in self.name else "all" if self.ids is None else None


class Halves(BatchSampler):
    """Batches of changing size, backwards."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Any:
        for stop in range(self.n, 0, -30):
            start = max(stop - 30, 0)
            yield list(range(start, (start + stop) // 2))
            yield list(range((start + stop) // 2, stop))

    def __len__(self) -> int:
        return 2 * -(-self.n // 30)


class Stream(IterableDataset[Any]):
    def __init__(self, digits: Any) -> None:
        self.digits = digits

    def __iter__(self) -> Iterator[Any]:
        return (self.digits[index] for index in range(len(self.digits)))


def shuffled(digits: Any, **options: Any) -> DataLoader[Any]:
    return DataLoader(digits, **{"batch_size": 32, "shuffle": True, **options})


CASES = [
    Case("in order", lambda d: DataLoader(d, batch_size=32)),
    Case("shuffled", shuffled),
    Case("`drop_last`", lambda d: shuffled(d, drop_last=True), ids=None),
    Case("batch sampler, batches of changing size", lambda d: DataLoader(d, batch_sampler=Halves(len(d)))),
    Case("2 workers, prefetching", lambda d: shuffled(d, batch_size=16, num_workers=2, prefetch_factor=4)),
    Case("persistent workers", lambda d: shuffled(d, num_workers=1, persistent_workers=True)),
    Case("spawned workers", lambda d: shuffled(d, num_workers=1, multiprocessing_context="spawn")),
    Case(
        "sampler with replacement",
        lambda d: DataLoader(d, batch_size=32, sampler=RandomSampler(d, replacement=True, num_samples=80)),
        ids=None,
    ),
    Case(
        "`WeightedRandomSampler`",
        lambda d: DataLoader(d, batch_size=32, sampler=WeightedRandomSampler([1.0, 3.0] * 50, 80)),
        ids=None,
    ),
    Case(
        "`Subset` of a `Subset`: the base dataset's index",
        lambda d: shuffled(Subset(Subset(d, range(10, 90)), range(5, 45)), batch_size=16),
        ids=range(15, 55),
    ),
    Case(
        "`ConcatDataset`: the index in the whole",
        lambda d: shuffled(ConcatDataset([Subset(d, range(40)), Subset(d, range(40, 100))])),
    ),
    Case("`reload_dataloaders_every_n_epochs`", shuffled, {"reload_dataloaders_every_n_epochs": 1}),
    Case("`limit_val_batches`", shuffled, {"limit_val_batches": 2}, ids=None),
    Case(
        "`val_check_interval`, `accumulate_grad_batches`",
        shuffled,
        {"val_check_interval": 1, "accumulate_grad_batches": 2},
        passes=5,  # at steps 0 to 4: a step that was seen brings nothing new
    ),
    Case(
        "`IterableDataset`",
        lambda d: DataLoader(Stream(d), batch_size=32),
        identity="order",
    ),
    Case(
        "`in_order=False` with workers",
        lambda d: DataLoader(d, batch_size=32, num_workers=2, in_order=False),
        identity="order",
    ),
    Case("`batch_size=None`", lambda d: DataLoader(Stream(d), batch_size=None), identity="order", ids=None),
]
_SAID = {
    "index": "dataset index",
    "key": "your own keys",
    "order": "unknown: numbered in the order they come, and the receipt says so",
}
REFUSED = "refused with a sentence"
WAYS = ("`lightning.pytorch`", "`pytorch_lightning`", "train, probe", "train, ride", "`chroma.watch`")
PAGE = Path(__file__).parents[2] / "docs" / "capture.md"
_BEGIN = "<!-- matrix: CHROMA_WRITE_MATRIX=1 python -m pytest tests/integrations/test_identity.py -->\n"
_END = "<!-- end of matrix -->\n"

Found = dict[
    str, dict[str, tuple[str, str]]
]  # by loading, by way in: how ids were known, what rows were right


def table(found: Found) -> str:
    """The table of what the tests found."""
    lines = [f"| loading | ids | {' | '.join(WAYS)} |", f"|---|---|{'---|' * len(WAYS)}"]
    for loading, ways in found.items():
        usual = next(ways[way][0] for way in WAYS if way in ways)
        cells = [_cell(*ways[way], usual) if way in ways else "" for way in WAYS]
        lines.append(f"| {loading} | {_SAID[usual]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def shown() -> str:
    """The table that the page shows."""
    return PAGE.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0].strip("\n") + "\n"


def write(found: Found) -> None:
    """Put the table into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    PAGE.write_text(f"{before}{_BEGIN}\n{table(found)}\n{_END}{rest.partition(_END)[2]}", encoding="utf-8")


def _cell(identity: str, rows: str, usual: str) -> str:
    return rows if identity in {usual, REFUSED} else f"{rows}, {_SAID[identity]}"
