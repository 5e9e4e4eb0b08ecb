"""Durations and sizes as people write them on a command line."""

from __future__ import annotations

import re
from datetime import timedelta

from chroma.errors import ConfigError

_HOURS = {"h": 1, "d": 24, "w": 168}
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def duration(option: str, text: str) -> timedelta:
    """Read `12h`, `30d` or `8w`.

    Raises:
        ConfigError: It is something else, or too long.
    """
    found = re.fullmatch(r"(\d{1,6})([hdw])", text.strip().lower())
    if found is None:
        raise ConfigError(f"{option} is {text!r}; give hours, days or weeks: 12h, 30d, 8w")
    return timedelta(hours=int(found[1]) * _HOURS[found[2]])


def n_bytes(option: str, text: str) -> int:
    """Read `500MB`, `1.5 GB` or a bare number of bytes; 1 MB is a million.

    Raises:
        ConfigError: It is something else.
    """
    found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT]?B)?", text.strip().upper())
    if found is None:
        raise ConfigError(f"{option} is {text!r}; give a size: 500MB, 20GB")
    return int(float(found[1]) * _BYTES[found[2] or "B"])
