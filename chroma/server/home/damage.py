"""What of a home is known to be damaged or left out, run by run: cheap to ask, for no file is read for it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from chroma.journal import set_aside_segments
from chroma.server.home.context import Context

Kind = Literal["set aside", "left out", "damaged"]

_WAY_OUT: dict[Kind, str] = {
    "set aside": "look at the reasons beside the files in set-aside, and remove the files to be rid of this",
    "left out": "mend what the reason names, as files of another user: they are then taken in by themselves",
    "damaged": "put the files back from a copy; what else is damaged says: chroma check",
}


@dataclass(frozen=True, slots=True)
class RunDamage:
    """What one run lacks, of one kind.

    Attributes:
        run_id: Which run.
        kind: Segments that could not be taken in and were set aside, or cannot be read or moved now and are
            left out, or are stored and were found damaged or missing.
        count: Files; of what is left out, 1 for the whole run.
        reason: Why, of the last one; one sentence.
        way_out: What to do; one sentence.
    """

    run_id: str
    kind: Kind
    count: int
    reason: str
    way_out: str


def known_damage(context: Context) -> list[RunDamage]:
    """What is known now, by run and kind: not a check of all bytes, which `chroma check` does."""
    reasons: dict[tuple[str, Kind], list[str]] = defaultdict(list)
    files = context.store.files
    aside = [set_aside_segments(root / "runs", files.aside.copy()) for root in files.roots]
    for run, _, reason in chain(set_aside_segments(context.settings.journal), *aside):
        reasons[run, "set aside"].append(reason)
    for run, reason in list(context.left_out.items()):
        reasons[run, "left out"].append(reason)
    for path, reason in list(files.damaged.items()):
        reasons[path.split("/")[1], "damaged"].append(reason)
    return [
        RunDamage(run, kind, len(found), found[-1], _WAY_OUT[kind])
        for (run, kind), found in sorted(reasons.items())
    ]
