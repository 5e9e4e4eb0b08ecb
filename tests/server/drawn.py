"""What the frames of a film hold."""

from __future__ import annotations

from typing import Any

from chroma.server.home.context import Context
from chroma.server.store.films import frames as stored
from chroma.server.store.tables import Film, Frame
from tests.server import filming


def xy(context: Context, frame: Frame) -> Any:
    return stored.read_frame(context.store.files, frame)


def digests(context: Context, film: Film) -> list[str]:
    return [frame.digest for frame in filming.on_screen(context, film)[1]]
