"""Read what was captured back, as NumPy arrays and pandas tables.

All numbers come from a dashboard over HTTP: the one that owns the home, or one started for the
purpose in this process, so that a notebook and a browser see the same.
"""

from __future__ import annotations

from chroma.reader.catalog import Catalog, open
from chroma.reader.dashboard import Dashboard, ui
from chroma.reader.patching import apply_patch
from chroma.reader.results import Embeddings, Film, Neighbors
from chroma.reader.run import StoredRun

__all__ = [
    "Catalog",
    "Dashboard",
    "Embeddings",
    "Film",
    "Neighbors",
    "StoredRun",
    "apply_patch",
    "open",
    "ui",
]
