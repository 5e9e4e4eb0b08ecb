"""What is typical, hard or decided late in a real small training; labels that are numbers, or several."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import chroma
from chroma.server.home.context import Context
from chroma.server.store.findings.report import Finding, FoundSamples, Report
from tests.findings_training import train_digits
from tests.server.test_findings import report_of

RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(size=(200, 6)).astype(np.float32)
IDS = np.arange(200)


def finding(report: Report, key: str) -> tuple[Finding, FoundSamples]:
    (found,) = [each for each in report.findings if each.key == key]
    assert found.samples is not None
    return found, found.samples


def test_typical_and_hard_samples_are_listed_last(opened: Context, home: Path):
    trained = train_digits()
    report = report_of(opened, trained.run_id)
    _, typical = finding(report, "sample-typical-train")
    assert len(typical) == 50
    assert np.bincount(trained.given[typical.ids]).tolist() == [5] * 10
    assert not np.isin(typical.ids, trained.flipped).any()
    found, hard = finding(report, "sample-hard-train")
    assert np.isin(hard.ids[:20], trained.flipped).mean() > 0.8
    assert (np.diff(hard.scores) <= 0).all()
    assert "for half of the samples of train it is above 0." in found.text
    columns = report.scores["train"].columns
    assert np.isfinite(columns["typicality"]).all()
    last = [each.rank for each in report.findings if each.kind == "sample"]
    assert max(last) < min(each.rank for each in report.findings if each.kind != "sample")
    assert "prediction_depth" not in columns  # of one layer


LABELS = IDS % 4
NEAR = (np.eye(4)[LABELS] * 5 + INPUTS[:, :4] * 0.1).astype(np.float32)


def of_two_layers(opened: Context, last: np.ndarray) -> Report:
    """The findings of a training whose first layer knows the classes, and whose model is always right."""
    with chroma.init(project="tests") as run:
        for layer, vectors in (("first", NEAR), ("last", last)):
            run.log_embeddings(
                vectors,
                layer=layer,
                ids=IDS,
                epoch=0,
                labels=LABELS,
                logits=np.eye(4, dtype=np.float32)[LABELS],
            )
    return report_of(opened, run.id)


def test_samples_that_no_layer_decides(opened: Context, home: Path):
    far = NEAR.copy()
    far[:3] = NEAR[1:4]  # in the last layer they lie among another class
    report = of_two_layers(opened, far)
    found, late = finding(report, "sample-late-val")
    assert sorted(late.ids.tolist()) == [0, 1, 2]
    assert "3 of 200 samples of val" in found.text
    depth = report.scores["val"].columns["prediction_depth"]
    assert depth.tolist() == [2.0] * 3 + [0.0] * 197


def test_a_last_layer_that_knows_no_class_decides_no_sample_late(opened: Context, home: Path):
    report = of_two_layers(opened, INPUTS[:, :4] * 1e-3)
    assert not [each for each in report.findings if each.key == "sample-late-val"]


def test_targets_far_from_the_prediction_are_in_doubt(opened: Context, home: Path):
    truth = INPUTS @ np.arange(6)
    given = truth.astype(np.float32)
    given[:4] += 40
    with chroma.init(project="tests") as run:
        for epoch in range(4):
            said = (truth + RANDOM.normal(size=200) * (4 - epoch)).astype(np.float32)
            run.log_embeddings(INPUTS, layer="fc", split="train", ids=IDS, epoch=epoch, labels=given)
            run.log_columns("train", IDS, epoch=epoch, prediction=said)
    report = report_of(opened, run.id)
    found, doubts = finding(report, "label-train")
    assert sorted(doubts.ids.tolist()) == [0, 1, 2, 3]
    assert found.text == "4 of 200 samples of train are far from what the model predicts."
    scores = report.scores["train"].columns["label_score"]
    assert np.median(np.abs(scores)) == np.float32(1 / 1.4826)


def test_of_several_labels_each_is_scored(opened: Context, home: Path):
    marks = INPUTS[:, :2] > 0
    texts = np.array([", ".join(np.array(["cat", "dog"])[row]) for row in marks], object)
    with chroma.init(project="tests") as run:
        run.recording.describe("multilabel")
        for epoch in range(2):
            said = np.where(marks, 0.9, 0.1)
            said[:5, 1] = 1 - said[:5, 1]
            run.log_embeddings(INPUTS, layer="fc", split="train", ids=IDS, epoch=epoch, labels=texts)
            columns = {"probability:cat": said[:, 0], "probability:dog": said[:, 1]}
            run.log_columns("train", IDS, epoch=epoch, **columns)
    report = report_of(opened, run.id)
    _, doubts = finding(report, "label-train")
    assert doubts.ids.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(doubts.scores, np.log(0.1 / 0.9), rtol=1e-5)


def test_without_what_the_model_predicts_it_says_what_to_log(opened: Context, home: Path):
    for task, column in (("regression", "prediction="), ("multilabel", '"probability:NAME"')):
        with chroma.init(project="tests") as run:
            run.recording.describe(task)
            run.log_embeddings(INPUTS, layer="fc", ids=IDS, epoch=0, labels=INPUTS[:, 0])
        report = report_of(opened, run.id)
        (reason,) = [each.reason for each in report.refusals if each.kind == "label"]
        assert column in reason
