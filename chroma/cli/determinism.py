"""`chroma doctor --determinism`: is a model the same to the bit, trained with Chroma and without?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

_LONGEST = 600  # seconds a framework may take: TensorFlow alone needs a minute to start on a busy machine
_BACKENDS = ("tensorflow", "torch", "jax")


def trials() -> list[tuple[str, str, str | None]]:
    """Each framework that is installed: its name for people, the training to run, the Keras backend."""
    found: list[tuple[str, str, str | None]] = []
    if find_spec("lightning") or find_spec("pytorch_lightning"):
        found.append(("lightning", "lightning", None))
    if find_spec("keras"):
        found += [(f"keras ({each})", "keras", each) for each in _BACKENDS if find_spec(each)]
    if find_spec("transformers") and find_spec("accelerate") and find_spec("torch"):
        found.append(("transformers", "transformers", None))
    return found


def run(training: str, backend: str | None) -> dict[str, Any]:
    """Run one trial in a process of its own; `verdict` is identical, different, not repeatable or failed."""
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
    }
    if backend:
        environment["KERAS_BACKEND"] = backend
    try:
        done = subprocess.run(
            [sys.executable, "-m", "chroma.integrations.determinism", training],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=_LONGEST,
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return {"verdict": "failed", "error": f"it took over {_LONGEST} s"}
    except (subprocess.CalledProcessError, ValueError, IndexError) as error:
        said = getattr(error, "stderr", None) or str(error)
        return {"verdict": "failed", "error": said.strip().splitlines()[-1][:300]}
    if not found["captured"]:
        return {**found, "verdict": "failed", "error": "nothing was captured"}
    verdict = "identical" if found["identical"] else "different" if found["repeatable"] else "not repeatable"
    return {**found, "verdict": verdict}


def said(name: str, result: dict[str, Any]) -> str:
    """One line for people."""
    verdict = result["verdict"]
    if verdict == "identical":
        return f"{name:<20}identical: {result['compared']} arrays of weights, metrics and random states"
    if verdict == "not repeatable":
        return f"{name:<20}not repeatable: two trainings without Chroma differ too, so it cannot be tested"
    if verdict == "different":
        names = ", ".join(result["different"][:5])
        return (
            f"{name:<20}different: {len(result['different'])} of {result['compared']} arrays, {names}; "
            "please report it"
        )
    return f"{name:<20}failed: {result['error']}"
