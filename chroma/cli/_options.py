"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None, typer.Option(help="Home folder; by default CHROMA_HOME, else ~/.chroma.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
