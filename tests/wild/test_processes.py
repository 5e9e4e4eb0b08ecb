"""A training of two processes, started by torchrun."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.wild import page
from tests.wild.running import SCRIPTS, Trained, kept


@pytest.mark.lightning  # and with it PyTorch
@pytest.mark.timeout(240)
def test_a_sharded_model_is_refused_at_once_and_the_way_out_is_named(home: Path, tmp_path: Path) -> None:
    script = "pytorch/fsdp.py"
    done = subprocess.run(
        [
            sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone",
            "--nproc-per-node", "2", str(SCRIPTS / script),
        ],
        cwd=tmp_path,
        env={**os.environ, "CHROMA_STRICT": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )  # fmt: skip
    assert not list(kept(home))
    (sentence,) = {
        line.partition("ConfigError: ")[2] for line in done.stderr.splitlines() if "ConfigError:" in line
    }
    assert "ChromaCallback of Lightning or Hugging Face" in sentence
    page.check(Trained(script, {}, {}, "", [sentence], []))
