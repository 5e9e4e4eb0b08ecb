"""What Chroma prints is right and short, whatever the training, and names the option that helps."""

from __future__ import annotations

import re

from chroma.run.printing import WIDTH
from tests.wild.running import Trained

_FORECAST = re.compile(r"^chroma · [^·\n]+ · [^·\n]+: (up to )?([\d,]+) of ([\d,]+) samples$", re.M)
_RECEIPT = re.compile(r"^chroma · .* · (?:finished|failed|interrupted) .*\n─+\n(?:.+\n)+", re.M)
_OPTION = re.compile(r"\b[a-z_]+=")


def check(trained: Trained) -> None:
    """Assert what holds of all that is printed and warned of in a training."""
    printed = trained.printed
    assert "Traceback" not in printed
    receipts = _RECEIPT.findall(printed)
    assert len(receipts) == sum(run.attempts for run in trained.runs)
    for receipt in receipts:
        lines = receipt.splitlines()
        assert max(map(len, lines)) <= WIDTH, receipt
    assert len(set(trained.warned)) == len(trained.warned), f"said twice: {trained.warned}"
    for sentence in trained.warned:
        assert "ConfigError" not in sentence, f"a refusal is no failure: {sentence}"
    for run in trained.runs:
        assert len(set(run.said)) == len(run.said), f"said twice: {run.said}"
        said = [*run.said, *trained.warned]
        layers = run.receipt["layers"]
        if not any(line["n"] for line in layers):
            assert any(_OPTION.search(each) for each in said), f"nothing helps: {said}"
        for line in layers:
            assert line["n"], f"a layer of no samples: {line}; said: {said}"
    _check_forecasts(trained)


def _check_forecasts(trained: Trained) -> None:
    """Assert that as many samples were captured as were announced, or fewer where it was announced so."""
    forecasts = _FORECAST.findall(trained.printed)
    firsts = [
        run.receipt["layers"][0]
        for run in trained.runs
        if run.receipt["layers"] and "order" not in run.receipt["identity"].values()
    ]
    for (at_most, n, of), line in zip(forecasts, firsts, strict=False):
        said = int(n.replace(",", ""))
        assert int(of.replace(",", "")) == line["of"]
        assert line["n"] <= said if at_most else line["n"] == said, (n, line)
