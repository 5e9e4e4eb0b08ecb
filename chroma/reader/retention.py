"""Which runs are to go, so that a home keeps its size; pure, on the table of runs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from chroma.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd


def choose(
    runs: pd.DataFrame,
    *,
    older_than: timedelta | None,
    max_bytes: int | None,
    keep: Collection[str] = (),
) -> pd.DataFrame:
    """Choose runs to delete: all that are too old, then the oldest until the rest fits.

    Args:
        runs: Table of `Catalog.runs()`. Those that still run never go, nor do they that are kept.
        older_than: Runs that ended (else began) longer ago than this go.
        max_bytes: What the runs that are left may hold together, those that never go counted.
        keep: Ids of runs that never go.

    Returns:
        The rows that go, oldest first, with a column `why`.

    Raises:
        ConfigError: Neither rule is given: all runs would be kept.
    """
    import pandas as pd

    if older_than is None and max_bytes is None:
        raise ConfigError(
            "nothing says which runs go; give --older-than (older_than) or --max-size (max_bytes)"
        )
    ended = runs["finished_at"].fillna(runs["created_at"])
    may_go = runs.assign(ended=ended)[(runs["status"] != "running") & ~runs["id"].isin(list(keep))]
    may_go = may_go.sort_values("ended", kind="stable")
    old = [older_than is not None and each < pd.Timestamp.now("UTC") - older_than for each in may_go["ended"]]
    sizes: list[int] = may_go["bytes"].tolist()
    left = int(runs["bytes"].sum()) - sum(size for size, goes in zip(sizes, old, strict=True) if goes)
    why = ["old" if goes else "" for goes in old]
    for at, size in enumerate(sizes):
        if max_bytes is not None and left > max_bytes and not why[at]:
            why[at] = "size"
            left -= size
    may_go["why"] = why
    return may_go[may_go["why"] != ""].drop(columns="ended")


def best_rule(text: str) -> tuple[str, bool]:
    """Read which value of a metric is best: `val_acc` or `val_acc:max`, `val_loss:min`.

    Returns:
        The name, and whether the highest is best.

    Raises:
        ConfigError: It ends in neither `:min` nor `:max` after the last colon, or names no metric.
    """
    name, colon, which = text.rpartition(":")
    if not colon or which not in ("min", "max"):
        name, which = text, "max"
    if not name:
        raise ConfigError(f"keep_best is {text!r}, which names no metric; give val_acc or val_loss:min")
    return name, which == "max"
