"""What others wrote (names, tags, reasons), on a terminal that obeys control characters."""

from __future__ import annotations

import unicodedata

import typer

_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, format (right-to-left marks), surrogates, line ends


def shown(text: str) -> str:
    """The text with control characters written out, as JSON would: a line end stays, an escape does not."""
    if text.isprintable():
        return text
    return "".join(
        f"\\u{ord(character):04x}"
        if unicodedata.category(character) in _HIDDEN and character not in "\n\t\u200d"  # joins emoji
        else character
        for character in text
    )


def echo(text: str, *, err: bool = False) -> None:
    """Print a text."""
    typer.echo(shown(text), err=err)
