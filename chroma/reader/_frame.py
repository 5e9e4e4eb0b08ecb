"""GraphQL's answers as tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_CAPITAL = re.compile(r"(?=[A-Z])")


def frame(rows: list[dict[str, Any]], names: list[str]) -> pd.DataFrame:
    """A table of the fields `names`, in that order; `createdAt` becomes created_at, in UTC."""
    import pandas as pd

    table = pd.DataFrame([[row[name] for name in names] for row in rows], columns=names)
    for name in names:
        if name.endswith("At"):
            table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
    return table.rename(columns={name: _CAPITAL.sub("_", name).lower() for name in names})
