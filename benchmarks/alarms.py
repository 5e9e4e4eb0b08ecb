"""How early alarms ring, and how often for nothing: eight injected faults × 10 seeds, and 50 clean trainings.

    make bench-alarms                                     # scikit-learn's digits
    make bench-alarms DATA=mnist.npz                      # arrays `images` and `labels`; 2,500 are used
    python benchmarks/alarms.py --seeds 1000 1010         # others than those that are reported

Each training is watched by `chroma.watch` on train and val, with all the time that alarms need: a training of
two seconds would else leave snapshots out. Beside them SentryCam's rule on the same snapshots. The validation
loss tells where it is above 1.2 × its best twice in a row after the fault began, or not finite; where it was
above before, since the model overfits, its best is that at the fault. Where it never tells, it does so at the
end of the training. Lead: from the first alarm that comes after the fault to there, in percent of all steps;
0 without an alarm. What became of a training is kept in the temporary folder, until the code changes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from alarm_parts.sentrycam import first_alert, geometry
from alarm_parts.trainings import FAULTS, Trained, data_of, train

from chroma.insight import alarms
from chroma.journal import entries
from chroma.records import Record, RunEvent, Samples, Snapshot
from chroma.run import events
from chroma.segment import read

_TWINS = 10  # of the clean trainings
_CLEAN = 50


@dataclass(frozen=True)
class Outcome:
    """What became of one training.

    Attributes:
        fault: One of `FAULTS`; "" for none.
        seed: Of the training.
        ours: Lead of our first alarm, in percent; None if there was none.
        theirs: Lead of SentryCam's, likewise.
        rules: What rang, and when, in epochs.
        early: Alarms of ours that rang before the fault was there.
        tells: Epoch after which the validation loss tells; None if it never does.
    """

    fault: str
    seed: int
    ours: float | None
    theirs: float | None
    rules: Sequence[str]
    early: int
    tells: int | None


def loss_tells(trained: Trained) -> int | None:
    """Step at which the validation loss tells of the fault; None if it never does."""
    best, last, above = math.inf, math.inf, 0
    for step, loss in trained.losses.items():
        if step <= trained.fault_at:
            best, last = min(best, loss), loss
            continue
        if last - best > 0.2 * abs(best):
            best = last
        if not math.isfinite(loss):
            return step
        above = above + 1 if loss - best > 0.2 * abs(best) else 0
        if above == 2:
            return step
        best, last = min(best, loss), -math.inf
    return None


def sentrycam(records: Sequence[Record]) -> int | None:
    """Step of SentryCam's first alert for the features of val; None if there is none."""
    labels = next(each for each in records if isinstance(each, Samples) and each.split == "val").labels
    found = [each for each in records if isinstance(each, Snapshot) and each.split == "val"]
    layer = next((each.layer for each in found if each.note.default), found[0].layer)
    kept = [each for each in found if each.layer == layer]
    with np.errstate(all="ignore"):
        at = first_alert([geometry(each.vectors.astype(np.float32), labels) for each in kept])  # pyright: ignore
    return None if at is None else kept[at].step


def kept(fault: str, seed: int, data: tuple[torch.Tensor, torch.Tensor], *, twins: bool) -> Outcome:
    """`outcome`, which is made once."""
    key = hashlib.sha256(data[0].numpy().tobytes() + repr((fault, seed, twins)).encode())
    for path in sorted(
        [*Path(alarms.__file__).parent.glob("*.py"), *Path(__file__).parent.glob("alarm*/*.py")]
    ):
        key.update(path.read_bytes())
    file = Path(tempfile.gettempdir()) / "chroma-bench" / f"alarms-{key.hexdigest()[:16]}.json"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(asdict(outcome(fault, seed, data, twins=twins))))
    return Outcome(**json.loads(file.read_text()))


def outcome(fault: str, seed: int, data: tuple[torch.Tensor, torch.Tensor], *, twins: bool) -> Outcome:
    """Train once, and see what rings."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["CHROMA_HOME"] = home
        trained = train(fault, seed, *data, twins=twins)
        found = sorted(entries(Path(home) / "journal"), key=lambda entry: entry.number)
        records = [read(entry.path).record for entry in found]
        rang, alert = [each for each in records if isinstance(each, RunEvent)], sentrycam(records)
    steps, tells = trained.steps, loss_tells(trained)
    until = steps if tells is None else tells

    def lead(step: int | None) -> float | None:
        return None if step is None else 100 * (until - step) / steps

    epoch = steps / len(trained.losses)
    in_time = [event for event in rang if event.step > trained.fault_at]
    return Outcome(
        fault,
        seed,
        lead(min((event.step for event in in_time), default=None)),
        lead(alert if alert is None or alert > trained.fault_at else None),
        [f"{event.rule}@{event.step / epoch:.1f}" for event in rang],
        len(rang) - len(in_time),
        None if tells is None else round(tells / epoch),
    )


def median(leads: Sequence[float | None]) -> str:
    """Of leads, where no alarm is none."""
    return f"{np.median([lead or 0.0 for lead in leads]):.0f} %" if leads else ""


def report(outcomes: Sequence[Outcome]) -> None:
    """Print a table by fault, and what clean trainings rang."""
    print("\n| fault | rung | median lead | SentryCam rung | its median lead | the loss tells |")
    print("|---|---|---|---|---|---|")
    faulty = [each for each in outcomes if each.fault]
    for fault in [*FAULTS, ""]:
        rows = [each for each in faulty if fault in ("", each.fault)]
        if rows:
            ours, theirs = [each.ours for each in rows], [each.theirs for each in rows]
            counts = (sum(lead is not None for lead in leads) for leads in (ours, theirs))
            rung, theirs_rung = (f"{count} of {len(rows)}" for count in counts)
            told = sum(each.tells is not None for each in rows)
            cells = (
                fault or "all",
                rung,
                median(ours),
                theirs_rung,
                median(theirs),
                f"{told} of {len(rows)}",
            )
            print(f"| {' | '.join(cells)} |")
    clean = [each for each in outcomes if not each.fault]
    if clean:
        ours, theirs = (sum(bool(found) for found in each) for each in zip(*(
            (each.rules, each.theirs is not None) for each in clean), strict=True))  # fmt: skip
        print(f"\nclean: {ours} of {len(clean)} ring; by SentryCam's rule {theirs} of {len(clean)}")
    print(
        f"alarms before the fault was there: {sum(each.early for each in faulty)} in {len(faulty)} trainings"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default="", help=".npz with `images` and `labels`; digits by default")
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 10), metavar=("FROM", "TO"))
    parser.add_argument("--clean", type=int, default=_CLEAN)
    parser.add_argument("--only", choices=FAULTS, nargs="*", default=list(FAULTS))
    given = parser.parse_args()
    torch.set_num_threads(1)
    events._AT_FIRST = math.inf  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    data = data_of(given.data)
    first, last = given.seeds
    tasks = [(fault, seed, False) for fault in given.only for seed in range(first, last)]
    tasks += [("", first + number, number % (_CLEAN // _TWINS) == 0) for number in range(given.clean)]
    outcomes: list[Outcome] = []
    for fault, seed, twins in tasks:
        found = kept(fault, seed, data, twins=twins)
        outcomes.append(found)
        lead = "none" if found.ours is None else f"{found.ours:.0f} %"
        tells = "never" if found.tells is None else f"at epoch {found.tells}"
        rung = ", ".join(found.rules) or "silent"
        print(f"{fault or 'clean'}, seed {seed}: {rung}; loss {tells}; lead {lead}", flush=True)
    report(outcomes)


if __name__ == "__main__":
    main()
