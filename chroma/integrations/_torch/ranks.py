"""One run over the processes of a distributed training, without a collective."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import torch.distributed as dist
from torch.utils.data import DistributedSampler

from chroma.errors import ConfigError
from chroma.records import WriterId
from chroma.run.run_id import given_or_new_id
from chroma.run.tally import Tally

_LONGEST_WAIT = timedelta(seconds=30)
_ordinals = itertools.count()


@dataclass(frozen=True, slots=True)
class Rank:
    """This process among those that train together.

    Attributes:
        run_id: Id of the run all ranks write to; None for a new one.
        writer_id: The process as a writer of the run.
        takes_part: Whether this process captures.
    """

    run_id: str | None = None
    writer_id: WriterId = field(default_factory=WriterId)
    takes_part: bool = True

    def say(self, tally: Tally) -> None:
        """What the receipt must say of ranks."""
        writer = self.writer_id
        if writer.world_size > 1:
            tally.note(
                "ranks", f"{writer.world_size} ranks write to this run; this counts rank {writer.rank}"
            )


def rank_of(loaders: Iterable[Any], run_id: str | None) -> Rank:
    """The rank of a process that watches loaders: all ranks take part only if they have shares of samples.

    Raises:
        ConfigError: Rank 0 does not watch, so that there is no run to write to.
    """
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return Rank(run_id)
    number = dist.get_rank()
    if not any(isinstance(getattr(loader, "sampler", None), DistributedSampler) for loader in loaders):
        return Rank(run_id, WriterId(rank=number), takes_part=number == 0)
    return shared_rank(number, dist.get_world_size(), run_id)


def shared_rank(number: int, of: int, run_id: str | None) -> Rank:
    """A rank with the run and attempt of rank 0, which come through the process group's key-value store.

    Raises:
        ConfigError: Rank 0 does not capture, so that there is no run to write to.
    """
    store = cast("Any", dist.distributed_c10d)._get_default_store()
    key = f"chroma/run/{next(_ordinals)}"
    if number == 0:
        store.set(key, f"{given_or_new_id(run_id)} {secrets.token_hex(4)}")
    try:
        store.wait([key], _LONGEST_WAIT)
    except RuntimeError as error:
        raise ConfigError(
            f"rank {number} waited {_LONGEST_WAIT.seconds} s for rank 0 to capture too; let Chroma capture "
            "on every rank whose loader gives it a share of the samples"
        ) from error
    run, attempt = store.get(key).decode().split()
    return Rank(run, WriterId(attempt, number, of))
