"""The thin thread, from a training process to a notebook: what was computed is what is read back."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest

import chroma
from chroma.integrations.lightning import ChromaCallback
from tests.e2e.stage import serve
from tests.integrations.digits import Digits, fit
from tests.integrations.lightning_setup import ByHand

pytestmark = [
    pytest.mark.lightning,
    pytest.mark.timeout(600),
    # Lightning's own, of the installed versions
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*smaller than the logging interval.*"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*"),
]

LIGHTNING = """
import warnings; warnings.simplefilter("ignore")
import lightning.pytorch as pl
from chroma.integrations.lightning import ChromaCallback
from tests.integrations.digits import fit

class Say(pl.Callback):
    def on_validation_end(self, trainer, module):
        if not trainer.sanity_checking:
            callback.run.recording.flush(30)
            print(trainer.current_epoch, flush=True)

callback = ChromaCallback(silent=True, max_snapshots=100_000)
fit(callback, Say(), epochs=100_000)
"""

MANUAL = """
import sys, numpy as np, chroma
run = chroma.init(name=sys.argv[1])
for epoch in range(100_000):
    vectors = np.full((300, 32), epoch, np.float32)
    run.log_embeddings(vectors, layer="fc", ids=np.arange(300), split="val", epoch=epoch)
    run.recording.flush(30)
    print(epoch, flush=True)
"""


def killed(code: str, home: Path, *arguments: str, after: float) -> int:
    """Run a script, kill it with SIGKILL `after` seconds past its first epoch; returns its last one."""
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "CHROMA_HOME": str(home), "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    first = child.stdout.readline()
    time.sleep(after)
    os.kill(child.pid, signal.SIGKILL)
    rest, complaints = child.communicate()
    assert first, complaints
    return max(int(line) for line in [first, *rest.splitlines(keepends=True)] if line.endswith("\n"))


def test_twenty_kills_lose_no_committed_epoch(tmp_path: Path) -> None:
    home = tmp_path / "home"
    moments = random.Random(20)
    last = {
        f"killed-{number}": killed(MANUAL, home, f"killed-{number}", after=moments.random() * 0.4)
        for number in range(18)
    }
    for number in range(2):
        again = tmp_path / f"lightning-{number}"
        epoch = killed(LIGHTNING, again, after=0.5 + moments.random())
        with chroma.open(again) as db:
            run = db.run("latest")
            assert db.runs()["status"].tolist() == ["interrupted"]
            for committed in range(epoch + 1):
                assert len(run.embeddings(epoch=committed).ids) == 100
    with chroma.open(home) as db:
        runs = db.runs().set_index("name")
        assert set(runs.index) == set(last)
        assert set(runs["status"]) == {"interrupted"}
        for name, epoch in last.items():
            run = db.run(name)
            for committed in {0, epoch // 2, epoch}:
                embeddings = run.embeddings(layer="fc", epoch=committed)
                assert len(embeddings.ids) == 300
                assert (embeddings.vectors == np.float32(np.float16(committed))).all()
            steps = run.snapshots(layer="fc", split="val")
            assert (steps["n"] == 300).all()
            assert len(steps) >= epoch + 1
    with serve(home) as server:
        request = Request(server.url + "/", headers={"Authorization": f"Bearer {server.token}"})
        assert b"<title>Chroma" in urlopen(request).read()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_what_is_read_back_is_what_a_hand_written_hook_computes(home: Path, dtype: str) -> None:
    by_hand = ByHand()
    fit(by_hand, ChromaCallback(dtype=dtype, silent=True), epochs=3)
    labels = Digits(96, 100).labels.numpy()
    with chroma.open(home) as db:
        run = db.run("latest")
        assert db.runs()["status"].tolist() == ["finished"]
        for epoch, (features, logits) in enumerate(by_hand.passes):
            penultimate = run.embeddings(layer="auto", split="val", epoch=epoch)
            assert penultimate.epoch == epoch
            assert penultimate.ids.tolist() == list(range(100))
            assert penultimate.vectors.dtype == np.float32
            np.testing.assert_array_equal(penultimate.vectors, features.astype(dtype).astype(np.float32))
            head = run.embeddings(layer="head", epoch=epoch)
            np.testing.assert_array_equal(head.vectors, logits.astype(dtype).astype(np.float32))
        samples = run.samples("val")
        assert samples["label"].tolist() == labels.tolist()
        assert samples["prediction"].tolist() == by_hand.passes[-1][1].argmax(1).tolist()
