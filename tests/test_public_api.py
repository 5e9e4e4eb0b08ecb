"""What `import chroma` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import chroma

FRAMEWORKS = {"torch", "lightning", "pytorch_lightning", "keras", "tensorflow", "jax"}
SERVER = {
    "fastapi",
    "starlette",
    "uvicorn",
    "sqlmodel",
    "sqlalchemy",
    "strawberry",
    "umap",
    "numba",
    "sklearn",
}
HEAVY = FRAMEWORKS | SERVER | {"numpy", "pyarrow", "pandas", "pydantic", "httpx2"}


def _python(code: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_names_are_exact():
    assert chroma.__all__ == [
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
    assert dir(chroma) == chroma.__all__


@pytest.mark.parametrize("name", chroma.__all__)
def test_every_name_resolves(name: str):
    assert getattr(chroma, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'autologg'"):
        _ = chroma.autologg


def test_import_loads_nothing_heavy():
    loaded = _python("import sys, chroma; print(*sys.modules)").split()
    assert HEAVY & set(loaded) == set()


def test_capture_loads_no_server():
    loaded = _python("import sys, chroma; chroma.init; print(*sys.modules)").split()
    assert (FRAMEWORKS | SERVER | {"pandas"}) & set(loaded) == set()


def test_import_is_quick():
    """Under 1.5 times what `import numpy` takes; the least of several runs each, in turns."""
    code = "from time import perf_counter as t; s = t(); import {}; print(t() - s)"
    times: dict[str, list[float]] = {"numpy": [], "chroma": []}
    for _ in range(5):
        for name, taken in times.items():
            taken.append(float(_python(code.format(name))))
    assert min(times["chroma"]) < 1.5 * min(times["numpy"])
