"""Readers and dashboards of one home start and end at any moment, and none fails because another does."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import chroma
from chroma.server.home.lock import HomeLock, find_owner
from chroma.settings import load_settings
from tests.captured import capture
from tests.chaos import TIMES, trials

READERS = 2
OPENS = 5 * TIMES  # of each reader

# As notebooks do: open, ask, close. Who opens first serves the others, and leaves them when it closes.
_READER = """
import sys, random, time
import chroma
chance = random.Random(int(sys.argv[2]))
for _ in range(int(sys.argv[3])):
    with chroma.open(sys.argv[1]) as catalog:
        for _ in range(5):
            assert len(catalog.runs()) == 1
            time.sleep(chance.random() / 20)
print("done")
"""

# A dashboard that is started and stopped again and again, where no reader has the home.
_DASHBOARD = """
import sys, random, time
from chroma.server.home.lock import HomeInUseError
from chroma.server.serving import serve
from chroma.settings import load_settings
chance = random.Random(int(sys.argv[2]))
settings = load_settings(home=sys.argv[1])
served = 0
while served < int(sys.argv[3]):
    try:
        dashboard = serve(settings, token="t")
    except HomeInUseError:
        time.sleep(chance.random() / 20)
        continue
    time.sleep(chance.random() / 5)
    dashboard.stop()
    served += 1
print("done")
"""


def start(script: str, home: Path, seed: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, str(home), str(seed), str(OPENS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.timeout(120 * TIMES)
def test_readers_and_a_dashboard_that_come_and_go(tmp_path: Path):
    capture(tmp_path, n=10, epochs=1)
    coming = [start(_READER, tmp_path, seed) for seed in range(READERS)]
    coming.append(start(_DASHBOARD, tmp_path, READERS))
    with trials("opens by two readers and a dashboard at once") as held:
        for each in coming:
            out, errors = each.communicate(timeout=110 * TIMES)
            assert out == "done\n", errors
            for _ in range(OPENS):
                held()


@pytest.mark.timeout(120)
def test_dashboards_that_start_at_once(tmp_path: Path):
    capture(tmp_path, n=10, epochs=1)
    command = [sys.executable, "-m", "chroma", "ui", "--no-open", "--home", str(tmp_path)]
    starting = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(5)
    ]
    try:
        owner = None
        while owner is None:
            owner = find_owner(load_settings(home=tmp_path))
        (serving,) = (each for each in starting if each.pid == owner.pid)
        for each in starting:
            if each is not serving:
                out, errors = each.communicate(timeout=60)
                assert (each.returncode, owner.url in out) == (0, True), errors
    finally:
        for each in starting:
            each.terminate()
            each.communicate(timeout=30)


def test_the_address_goes_before_the_server_does(tmp_path: Path):
    """A reader that finds no server any more finds no address either, and waits for the home."""
    settings = load_settings(home=tmp_path)
    card = tmp_path / "server.json"
    lock = HomeLock(settings)
    lock.announce("http://127.0.0.1:1", None)
    lock.withdraw()
    assert not card.exists()
    ended = threading.Timer(0.3, lock.release)
    ended.start()
    assert find_owner(settings) is None
    ended.join()


def test_a_reader_waits_for_an_owner_that_ends(tmp_path: Path):
    capture(tmp_path, n=10, epochs=1)
    lock = HomeLock(load_settings(home=tmp_path))
    ended = threading.Timer(0.5, lock.release)
    ended.start()
    with chroma.open(tmp_path) as catalog:
        assert len(catalog.runs()) == 1
    ended.join()
