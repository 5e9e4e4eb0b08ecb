"""Chroma: watch what your model learns.

Importing this package loads no framework, no server and no Arrow: each name is loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chroma.autologging import autolog
    from chroma.capture.layers import Layer
    from chroma.capture.switch import disabled
    from chroma.integrations.torch import watch
    from chroma.reader import apply_patch, open, ui
    from chroma.run import Receipt, Run, init

    __version__: str

_HOMES = {
    "Layer": "chroma.capture.layers",
    "Receipt": "chroma.run",
    "Run": "chroma.run",
    "apply_patch": "chroma.reader",
    "autolog": "chroma.autologging",
    "disabled": "chroma.capture.switch",
    "init": "chroma.run",
    "open": "chroma.reader",
    "ui": "chroma.reader",
    "watch": "chroma.integrations.torch",
}

__all__ = [
    "Layer",
    "Receipt",
    "Run",
    "__version__",
    "apply_patch",
    "autolog",
    "disabled",
    "init",
    "open",
    "ui",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'chroma' has no attribute {name!r}")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("chroma-embeddings")
    except PackageNotFoundError:  # the folder alone, installed by nothing
        return "0+unknown"


def __dir__() -> list[str]:
    return __all__
