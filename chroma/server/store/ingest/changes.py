"""What ingest changed, returned to the caller: it may be published once the transaction is committed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Change:
    """Something of a run that changed.

    Attributes:
        kind: The run itself, its snapshots, metrics, events (`alarm`), tags or saved views.
        run_id: Of which run.
        message: For people: the name of what changed, if it has one.
    """

    kind: Literal["run", "snapshot", "metric", "alarm", "tag", "view"]
    run_id: str
    message: str = ""
