from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.attack import TABLE
from tests.attack.target import WHO, Target


@pytest.fixture(scope="package")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Started once: no attack may change what the next one looks at."""
    made = Target(tmp_path_factory.mktemp("attack"))
    try:
        yield made
        made.check()
        TABLE["memory of the server at its peak"] = Counter({"MB": made.peak // 10**6})
    finally:
        made.stop()


@pytest.fixture(scope="package", params=WHO)
def who(request: pytest.FixtureRequest, target: Target) -> Iterator[str]:
    """Each attacker in turn, in all tests; the administrator last, who alone may change anything."""
    before = target.kept_from(request.param)
    yield request.param
    target.check()
    after = target.kept_from(request.param)
    changed = [name for name in before if before[name] != after[name]]
    assert not changed, [(name, set(after[name]) ^ set(before[name])) for name in changed]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of `make attack`; tests of other processes (pytest-xdist) are not in it."""
    if TABLE:
        terminalreporter.section("attack")
        for what, answers in TABLE.items():
            said = ", ".join(f"{count:,} × {how}" for how, count in sorted(answers.items()))
            terminalreporter.write_line(f"{what:44}{answers.total():>8,}  {said}")
