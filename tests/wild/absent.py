"""Stands in Chroma's place where a training is run without it: the same names, and nothing behind them."""

from __future__ import annotations

from typing import Any, Self


def autolog(**_: Any) -> None:
    """No training is captured."""


def watch(*_: Any, **__: Any) -> Watch:
    return Watch()


class Watch:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def snapshot(self, **_: Any) -> bool:
        return False
