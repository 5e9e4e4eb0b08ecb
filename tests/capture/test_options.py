"""The options of a capture have one source; signatures, docstrings and tables say what it says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import chroma
from chroma.autologging import autolog
from chroma.capture.options import RunOptions
from chroma.integrations import lightning
from chroma.integrations._keras.options import KerasOptions
from chroma.integrations._torch.options import CaptureOptions


def lightning_callback() -> Any:
    return lightning.CallbackHooks


def keras_callback() -> Any:
    pytest.importorskip("keras")
    from chroma.integrations._keras.callback import ChromaCallback

    return ChromaCallback


def transformers_callback() -> Any:
    pytest.importorskip("transformers")
    from chroma.integrations._transformers.callback import ChromaCallback

    return ChromaCallback


CALLABLES: list[tuple[Callable[[], Any], type[RunOptions]]] = [
    (lambda: autolog, RunOptions),
    (lightning_callback, CaptureOptions),
    (keras_callback, KerasOptions),
    (transformers_callback, CaptureOptions),
]
EACH = pytest.mark.parametrize(
    ("find", "options"), CALLABLES, ids=["autolog", "lightning", "keras", "transformers"]
)


def described(documented: Any) -> dict[str, str]:
    """The entries of the section Args of a docstring."""
    args = (inspect.getdoc(documented) or "").partition("Args:\n")[2].partition("\n\n")[0]
    entries = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", args, re.M)
    return {name: " ".join(text.split()) for name, text in entries}


def sentence(doc: str) -> str:
    """What others go on with after a comma or semicolon."""
    return doc.removesuffix(".")


@EACH
def test_signatures(find: Callable[[], Any], options: type[RunOptions]) -> None:
    known = inspect.signature(find()).parameters
    for each in fields(options):
        assert known[each.name].default == each.default, each.name
        assert known[each.name].annotation == each.type, each.name


@EACH
def test_docstrings(find: Callable[[], Any], options: type[RunOptions]) -> None:
    entries = described(find())
    assert entries.keys() >= {each.name for each in fields(options)}
    for each in fields(RunOptions):
        assert entries[each.name].startswith(sentence(each.metadata["doc"])), each.name


def test_the_table_of_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "autolog.md").read_text(encoding="utf-8")
    rows = {row[0]: row[1:] for row in re.findall(r"^\| `(\w+)` \| `(.*?)` \| (.*) \|$", page, re.M)}
    for each in fields(RunOptions):
        default, text = rows[each.name]
        assert default == repr(each.default), each.name
        assert text.startswith(sentence(each.metadata["doc"])), each.name


def test_watch_names_the_options_it_takes() -> None:
    listed = (inspect.getdoc(chroma.watch) or "").partition("but for `splits`:")[2].partition(".\n")[0]
    taken = [name.strip() for name in listed.replace("\n", " ").split(",")]
    assert sorted(taken) == sorted(each.name for each in fields(CaptureOptions) if each.name != "splits")
