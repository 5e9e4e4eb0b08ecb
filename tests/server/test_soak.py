"""The benchmark of a server for a team at a small size: every segment arrives exactly once."""

from __future__ import annotations

from pathlib import Path

from tests.soak import soak


def test_what_many_send_to_a_server_that_is_killed_arrives_once(tmp_path: Path) -> None:
    found = soak(tmp_path, writers=4, samples=200, width=32, epochs=5, kills=1, plain=False)
    assert found.memory < 400e6
