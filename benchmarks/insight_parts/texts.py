"""Texts with classes that every machine has: the docstrings of four installed libraries."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import warnings
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

LIBRARIES = ("numpy", "scipy", "sklearn", "pandas")
# Words of a text, and places of the table of words.
LENGTH, WORDS = 60, 4096
_NAMES = re.compile(r"[a-z]{3,}")


def docstrings(library: str) -> Iterator[str]:
    """Docstrings of public functions and classes in its modules, each once."""
    seen: set[str] = set()
    package = importlib.import_module(library)
    names = [m.name for m in pkgutil.walk_packages(package.__path__, library + ".", onerror=lambda _: None)]
    for name in [library, *sorted(names)]:
        if ".tests" in name or "._" in name or "conftest" in name:
            continue
        try:
            module = importlib.import_module(name)
        except Exception:  # noqa: BLE001  # what a library does when imported is its own affair
            continue
        for _, thing in inspect.getmembers(module, lambda x: inspect.isfunction(x) or inspect.isclass(x)):
            text = inspect.getdoc(thing) or ""
            if getattr(thing, "__module__", "").startswith(library) and len(text) > 150 and text not in seen:
                seen.add(text)
                yield text


def load_texts(each: int = 1000) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Word numbers `[n, 60]`, 0 where a text is shorter, and the library each text is from.

    Names of the libraries are left out, and so are words too common to tell anything.
    """
    rows, labels = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for label, library in enumerate(LIBRARIES):
            texts = list(docstrings(library))
            order = np.random.default_rng(label).permutation(len(texts))[:each]
            for at in order:
                words = [
                    w for w in _NAMES.findall(texts[at].lower()) if w not in (*LIBRARIES, "scikit", "learn")
                ]
                numbers = [1 + zlib.crc32(w.encode()) % (WORDS - 1) for w in words[:LENGTH]]
                rows.append(numbers + [0] * (LENGTH - len(numbers)))
                labels.append(label)
    return np.array(rows, np.int64), np.array(labels, np.int64)
