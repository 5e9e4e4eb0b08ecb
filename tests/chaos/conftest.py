from __future__ import annotations

import pytest

from tests.chaos import TABLE
from tests.server.conftest import client, kept, opened, settings

__all__ = ["client", "kept", "opened", "settings"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of `make chaos`; tests of other processes (pytest-xdist) are not in it."""
    if TABLE:
        terminalreporter.section("chaos")
        terminalreporter.write_line(f"{'what':52}{'tried':>9}{'held':>9}{'lost':>7}")
        for what, (held, lost) in TABLE.items():
            terminalreporter.write_line(f"{what:52}{held + lost:>9,}{held:>9,}{lost:>7,}")
