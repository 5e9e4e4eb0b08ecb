from __future__ import annotations

import inspect
import itertools
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields

import pytest

import chroma
from chroma import autologging
from chroma.capture.options import RunOptions
from chroma.errors import ConfigError


@pytest.fixture(autouse=True)
def _off() -> Iterator[None]:
    yield
    chroma.autolog(disable=True)


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_it_imports_no_framework_and_says_nothing() -> None:
    said = python(
        "import sys, chroma; chroma.autolog(); "
        "assert not {'torch', 'lightning', 'pytorch_lightning', 'keras', 'tensorflow', 'jax', 'transformers'}"
        " & set(sys.modules)"
    )
    assert said == ""


def test_without_any_framework_it_does_nothing_and_says_nothing() -> None:
    absent = "for name in ('torch', 'lightning', 'pytorch_lightning', 'keras', 'transformers'):"
    said = python(
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'lightning', 'pytorch_lightning', 'keras', "
        "'transformers'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import chroma; chroma.autolog(); chroma.autolog(); chroma.autolog(disable=True)\n"
        f"{absent}\n"
        "    try:\n        __import__(name)\n"
        "    except ModuleNotFoundError:\n        pass\n"
        "    else:\n        raise AssertionError(name)\n"
    )
    assert said == ""


ORDERS = list(itertools.permutations(("import", "enable", "disable")))


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_any_order_of_import_enable_and_disable(order: tuple[str, ...]) -> None:
    """With a stand-in for Lightning: what counts is who is told of the import."""
    steps = {
        "import": "import lightning.pytorch as pl",
        "enable": "chroma.autolog()",
        "disable": "chroma.autolog(disable=True)",
    }
    module = (
        "import importlib.abc, importlib.machinery, sys\n"
        "class Fake(importlib.abc.MetaPathFinder, importlib.abc.Loader):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('lightning', 'lightning.pytorch'):\n"
        "            return importlib.machinery.ModuleSpec(name, self, is_package=True)\n"
        "    def exec_module(self, module):\n"
        "        class Trainer:\n"
        "            def fit(self, model): return 'fitted'\n"
        "        module.Trainer = Trainer\n"
        "        module.ORIGINAL = vars(Trainer)['fit']\n"
        "        module.__version__ = '2.6.6'\n"
        "sys.meta_path.insert(0, Fake())\n"
        "import chroma\n"
    )
    wanted = "is" if order.index("disable") > order.index("enable") else "is not"
    python(
        module
        + "\n".join(steps[step] for step in order)
        + f"\nassert vars(pl.Trainer)['fit'] {wanted} pl.ORIGINAL"
        + "\nchroma.autolog(); chroma.autolog(); assert vars(pl.Trainer)['fit'] is not pl.ORIGINAL"
        + "\nchroma.autolog(disable=True); assert vars(pl.Trainer)['fit'] is pl.ORIGINAL"
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"every": 0}, "every=0"),
        ({"dtype": "int8"}, "dtype='int8'"),
        ({"frameworks": ["fastai"]}, "names 'fastai'"),
        ({"frameworks": {"lightning": {"evry": 2}}}, "not known"),
        ({"frameworks": {"lightning": {"every": 0}}}, "every=0"),
        ({"frameworks": {"lightning": {"data": 0}}}, "not known, .data."),
        ({"splits": "trian"}, "splits=.trian."),
        ({"task": "guess"}, "task=.guess."),
        ({"max_overhead": 2}, "max_overhead=2"),
    ],
)
def test_wrong_arguments_are_refused_and_what_was_asked_holds(
    wrong: dict[str, object], sentence: str
) -> None:
    chroma.autolog(project="before", frameworks=("lightning",))
    with pytest.raises(ConfigError, match=sentence):
        chroma.autolog(**wrong)  # type: ignore[arg-type]
    assert autologging._state.options["lightning"]["project"] == "before"


def test_options_for_one_framework_win() -> None:
    chroma.autolog(every=2, frameworks={"lightning": {"every": 5}})
    assert autologging._state.options == {
        "lightning": {**autologging._state.options["lightning"], "every": 5, "project": None}
    }


def test_options_of_its_own_framework_are_known_before_it_is_imported() -> None:
    ids = ["a", "b"]
    chroma.autolog(frameworks={"keras": {"data": (1, 2), "ids": ids}, "lightning": {"forward": print}})
    assert autologging._state.options["keras"]["ids"] is ids
    assert autologging._state.options["lightning"]["forward"] is print


def test_its_arguments_are_those_of_every_callback() -> None:
    """One set of words: what the callbacks take, autolog takes."""
    here = inspect.signature(chroma.autolog).parameters
    shared = {each.name: each.default for each in fields(RunOptions)}
    assert {name: here[name].default for name in shared} == shared
    assert here.keys() - shared.keys() == {"frameworks", "exclusive", "disable"}


def test_a_version_that_was_not_tested_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    autologging._state.warned.clear()
    for _ in range(2):
        autologging._check_version("keras", "keras", "2.15.0")
    autologging._check_version("keras", "keras", "3.13.1")
    (warned,) = [record for record in caplog.records if record.name == "chroma"]
    assert "keras 2.15.0 is outside the versions 3.12 to 3.x" in warned.getMessage()
