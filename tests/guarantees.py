"""The page of promises: what their tests found, and that the page claims no more.

python -m tests.guarantees    writes the table into the page, from the results of the last `make test`
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.promises import ANY, BACKENDS, COLUMNS, PROMISES, Promise

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "guarantees.md"
RESULTS = ROOT / ".pytest_cache" / "guarantees"
CHECK = "tests/test_guarantees.py"  # a run with these tests checks the page when it ends
_BEGIN, _END = "<!-- results: python -m tests.guarantees -->\n", "<!-- end of results -->\n"
_ORDER = ("skipped", "passed", "failed")  # the worst of a test's cases counts; all skipped is no result


class Recorder:
    """Keeps the outcomes of the tests of promises by file, and checks the page when a run ends.

    One process has it: without pytest-xdist the only one, else the controller, which sees every report.
    """

    def __init__(self) -> None:
        self._named = {name for promise in PROMISES.values() for name in promise.tests}
        self._found: dict[str, dict[str, str]] = {}
        self._checks = False
        self._complaint = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst outcome of a test's cases; a try that is followed by another is none."""
        if report.outcome == "rerun":
            return
        file, _, rest = report.nodeid.partition("::")
        self._checks |= file == CHECK
        # the node of a test is named file::class::test[case]
        name = rest.partition("[")[0].rpartition("::")[2]
        if name in self._named and (report.when == "call" or report.outcome != "passed"):
            known = self._found.setdefault(file, {})
            known[name] = max(known.get(name, "skipped"), report.outcome, key=_ORDER.index)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the outcomes; fail the run if it checked the page and the page claims too much."""
        self.write()
        self._complaint = complaint() if self._checks else ""
        if self._complaint:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what is wrong with the page, or that it was not checked."""
        if self._complaint:
            terminalreporter.section("docs/guarantees.md", red=True)
            terminalreporter.line(self._complaint)
        elif self._checks and (left := missing()):
            terminalreporter.line(f"docs/guarantees.md not checked: {len(left)} of its tests were not run")

    def write(self) -> None:
        """Write what was found so far, one file for each file of tests and backend."""
        backend = os.environ.get("KERAS_BACKEND", "")
        for file, outcomes in self._found.items():
            keras = "keras" in file
            path = RESULTS / f"{file.replace('/', '-')}{'-' + backend if keras else ''}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():  # a run of some of its tests says nothing of the others
                outcomes = {**json.loads(path.read_text(encoding="utf-8"))["outcomes"], **outcomes}  # noqa: PLW2901
            found = {"file": file, "backend": backend if keras else "", "outcomes": outcomes}
            path.write_text(json.dumps(found), encoding="utf-8")


def columns_of(file: str) -> tuple[str, ...]:
    """Columns of the table that a file of tests speaks for."""
    name = file.removeprefix("tests/")
    if name.startswith("integrations/keras") or "keras_" in name:
        return tuple(BACKENDS.values())
    if "transformers" in name:
        return ("Hugging Face",)
    lightning = ("lightning", "splits", "identity", "tasks", "coexistence", "faults")
    return ("Lightning",) if any(word in name for word in lightning) else (ANY,)


@cache
def standing() -> dict[str, list[str]]:
    """Files of each test there is, by name of the test."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                found.setdefault(node.name, []).append(path.relative_to(ROOT).as_posix())
    return found


def cells(promise: Promise) -> Iterator[tuple[str, str, str]]:
    """Column, file and name of each test of a promise."""
    for name in promise.tests:
        for file in standing().get(name, ()):
            for column in columns_of(file):
                yield column, file, name


def outcomes() -> dict[tuple[str, str, str], str]:
    """What the last runs found: by column, file and name of the test."""
    found: dict[tuple[str, str, str], str] = {}
    for path in RESULTS.glob("*.json"):
        kept = json.loads(path.read_text(encoding="utf-8"))
        known = (BACKENDS[kept["backend"]],) if kept["backend"] else columns_of(kept["file"])
        for name, outcome in kept["outcomes"].items():
            found |= {(column, kept["file"], name): outcome for column in known}
    return found


def missing() -> list[tuple[str, str, str]]:
    """Tests of promises that have no result yet."""
    found = outcomes()
    wanted = {cell for promise in PROMISES.values() for cell in cells(promise)}
    return sorted(wanted - found.keys())


def page() -> str:
    """The page with the table as the last runs found it.

    Raises:
        SystemExit: A test failed, or a cell has neither a test that passed nor a reason.
    """
    found = outcomes()
    rows: list[str] = []
    apart: list[str] = []
    for promise in PROMISES.values():
        counts = dict.fromkeys(COLUMNS, 0)
        for cell in cells(promise):
            outcome = found.get(cell)
            if outcome == "failed":
                raise SystemExit(f"{cell[1]}::{cell[2]} failed; mend it first")
            counts[cell[0]] += outcome == "passed"
        rows.append(
            f"| {promise.text} | {' | '.join(_cell(promise, *count) for count in counts.items())} |\n"
        )
        apart += [f"- {promise.text}: {column}: {why}.\n" for column, why in promise.apart.items()]
    head = f"| promise | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}\n"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    table = f"{head}{''.join(rows)}\nWhere it does not apply:\n\n{''.join(apart)}"
    return f"{before}{_BEGIN}\n{table}\n{_END}{rest.partition(_END)[2]}"


def counts(page: str) -> dict[str, list[int]]:
    """How many tests each row of the page's table counts, by promise."""
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return {
        row[0].removeprefix("| "): [int("0" + "".join(filter(str.isdigit, cell))) for cell in row[1:]]
        for row in rows[1:]
    }


def overclaimed(shown: str, found: str) -> list[str]:
    """Promises for which the page shows more tests than were found, or that stand on one page only."""
    claimed, held = counts(shown), counts(found)
    return [
        promise
        for promise in claimed | held
        if promise not in claimed.keys() & held.keys()
        or any(left > right for left, right in zip(claimed[promise], held[promise], strict=True))
    ]


def complaint() -> str:
    """What is wrong with the page after a run of all tests; empty if nothing is, or not all were run."""
    if missing():
        return ""
    try:
        found = page()
    except SystemExit as reason:
        return str(reason)
    too_much = overclaimed(PAGE.read_text(encoding="utf-8"), found)
    return f"the page claims more tests than passed: {'; '.join(too_much)}" if too_much else ""


def _cell(promise: Promise, column: str, count: int) -> str:
    if count:
        return f"✓ {count}"
    if column in promise.apart:
        return "–"
    if column == ANY:
        return ""
    if not promise.alike:
        raise SystemExit(f"nothing holds {promise.text!r} for {column}; write a test, or say why not")
    return "◦"


if __name__ == "__main__":
    if left := missing():
        raise SystemExit(f"{len(left)} tests have no result, as {left[0][1]}::{left[0][2]} ({left[0][0]})")
    PAGE.write_text(page(), encoding="utf-8")
