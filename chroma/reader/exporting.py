"""Write what a run holds into a file for others: a film that plays offline, or samples as a table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from chroma.errors import ConfigError
from chroma.reader.connection import Connection
from chroma.reader.filming import draw_film

FORMATS = (".html", ".csv", ".json", ".parquet")


def format_of(path: Path) -> str:
    """What a file is to hold, by its ending: html, csv, json or parquet.

    Raises:
        ConfigError: It ends otherwise.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(
            f"the file {path.name!r} has no ending that says what to write; "
            f"end it with .html for a film, or with {', '.join(FORMATS[1:])} for a table of samples"
            " (.zip, for a whole run, is written by chroma runs export)"
        )
    return path.suffix.lower()[1:]


def no_film(path: Path, *, layer: str = "auto", method: str = "umap", split: str = "val") -> None:
    """Refuse what only a film has, or only one split, for a file that holds something else.

    Raises:
        ConfigError: A layer, a method or a split is named.
    """
    given = {"layer": (layer, "auto"), "method": (method, "umap"), "split": (split, "val")}
    named = [f"{name} {value!r}" for name, (value, default) in given.items() if value != default]
    if named:
        holds = "a whole run" if path.suffix.lower() == ".zip" else "samples, with no vectors in it"
        raise ConfigError(
            f"{path.name} holds {holds}, so {' and '.join(named)} would change nothing; leave it out, "
            "or end the file with .html for the film of a layer"
        )


def film_bytes(connection: Connection, asked: dict[str, Any]) -> bytes:
    """The film as a page of its own, once it is drawn; `asked` is for `draw_film`."""
    return connection.bytes(f"/api/films/{draw_film(connection, asked)['id']}/page")


def table_bytes(connection: Connection, run: str, split: str, format: str) -> bytes:
    """All samples of a split with label, outputs at the last step, metadata and tags."""
    path = f"/api/runs/{quote(run, safe='')}/splits/{quote(split, safe='')}/samples/export"
    return connection.post(path, {"positions": None, "step": None, "format": format})


def write_file(path: Path, body: bytes) -> Path:
    """Write a file whole or not at all.

    Raises:
        ConfigError: It cannot be written there.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(body)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigError(
            f"the file {path} cannot be written ({error.strerror}); name another place"
        ) from error
    return path
