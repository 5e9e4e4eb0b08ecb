"""Text for the user's terminal: lines with a label, sizes in bytes, and the one place that prints."""

from __future__ import annotations

import textwrap
from contextlib import suppress

WIDTH = 79  # columns of a receipt


_PLAIN = str.maketrans({"─": "-", "·": "-", "…": "...", "≥": ">=", "–": "-"})


def announce(text: str) -> None:
    """Print to the user's terminal: the receipt, and what was chosen at the first batch.

    Where the terminal's encoding lacks a character, plain ones are printed; where nothing can be printed,
    nothing is.
    """
    with suppress(Exception):  # closed, or a pipe that nobody reads, or an object of the user's
        try:
            print(f"\n{text}", flush=True)  # noqa: T201
        except UnicodeEncodeError as error:
            plain = text.translate(_PLAIN).encode(error.encoding, "replace").decode(error.encoding)
            print(f"\n{plain}", flush=True)  # noqa: T201


def labelled(about: str, text: str) -> list[str]:
    """A line `about  text`, folded at the page's width."""
    folded = textwrap.wrap(text, WIDTH - 9, break_on_hyphens=False) or [""]
    return [f"{about if number == 0 else '':<9}{line}" for number, line in enumerate(folded)]


def size_text(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def shortened(text: str, width: int) -> str:
    return text if len(text) <= width else "…" + text[len(text) - width + 1 :]
