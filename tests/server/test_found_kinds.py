"""Planted leaks, duplicates and strangers are found, each with its samples; two runs are compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from fastapi.testclient import TestClient

import chroma
from chroma.server.app import create_app
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.ingest import ingest_journal
from chroma.server.jobs.findings.make import make_report
from chroma.server.store.catalog import Store
from chroma.server.store.findings import reports
from chroma.server.store.findings.report import Finding, Report
from chroma.settings import load_settings
from tests.findings_training import Trained, train_digits
from tests.server.filming import Alone
from tests.server.test_findings import numbers
from tests.server.test_graphql import ask

LEAKED, TWICE, STRANGE = 12, 8, 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("kinds") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHROMA_HOME", str(place))
        patch.setenv("CHROMA_STRICT", "1")
        yield place


@pytest.fixture(scope="module")
def planted(folder: Path) -> Trained:
    return train_digits(
        name="planted", images=True, flip=0.1, n=400, val=200, leaked=LEAKED, twice=TWICE, strange=STRANGE
    )


@pytest.fixture(scope="module")
def clean(folder: Path, planted: Trained) -> Trained:
    """The same data and ids, with right labels, trained longer."""
    return train_digits(name="clean", images=True, flip=0.0, n=400, val=200, epochs=8)


@pytest.fixture(scope="module")
def context(folder: Path, planted: Trained, clean: Trained) -> Iterator[Context]:
    settings = load_settings(home=folder)
    store = Store.open(settings)
    opened = Context(settings, store, Events(), None)
    ingest_journal(opened)
    for trained in (planted, clean):
        assert make_report(store, trained.run_id, Alone())
    yield opened
    store.close()


def read(context: Context, trained: Trained) -> Report:
    with context.store.reading() as catalog:
        report = reports.read_report(catalog, trained.run_id)
    assert report is not None
    return report


def found(report: Report, key: str) -> Finding:
    (finding,) = [each for each in report.findings if each.key == key]
    return finding


def test_leaks_are_paired_with_what_they_copy(context: Context, planted: Trained):
    finding = found(read(context, planted), "leak-val-train")
    assert finding.samples is not None
    assert finding.samples.other_ids is not None
    pairs = set(zip(finding.samples.ids.tolist(), finding.samples.other_ids.tolist(), strict=True))
    true = {(at, at) for at in range(LEAKED)}
    # of the first ones, which are in train twice, either copy will do
    true_or_twin = true | {(at, 400 - TWICE + at) for at in range(TWICE)}
    assert {first for first, _ in pairs} == set(range(LEAKED))
    assert pairs <= true_or_twin


def test_leaks_open_a_film_with_the_training_data(context: Context, planted: Trained):
    finding = found(read(context, planted), "leak-val-train")
    view = parse_qs(finding.view.removeprefix("?"))
    assert view["split"] == ["train+val"]
    selected = numbers(view["selected"][0])
    assert finding.samples is not None
    assert finding.samples.other_ids is not None
    # Positions are ids here; those of the second split begin at 2**27.
    assert [key - 2**27 for key in selected if key >= 2**27] == sorted(set(finding.samples.ids.tolist()))
    assert [key for key in selected if key < 2**27] == sorted(set(finding.samples.other_ids.tolist()))


def test_duplicates_of_train_are_exact(context: Context, planted: Trained):
    finding = found(read(context, planted), "duplicate-train")
    assert finding.samples is not None
    assert finding.samples.other_ids is not None
    pairs = set(zip(finding.samples.ids.tolist(), finding.samples.other_ids.tolist(), strict=True))
    assert {(at, 400 - TWICE + at) for at in range(TWICE)} <= pairs
    assert f"{TWICE} of them exactly" in finding.text


def test_strangers_are_far_from_the_training_data(context: Context, planted: Trained):
    report = read(context, planted)
    distance = report.scores["val"].columns["train_distance"]
    order = report.scores["val"].ids[np.argsort(-distance)]
    assert set(range(200 - STRANGE, 200)) <= set(order[: 2 * STRANGE].tolist())


def test_clean_data_have_nothing_above_a_threshold_but_labels_and_confused_classes(
    context: Context, clean: Trained
):
    report = read(context, clean)
    assert {finding.kind for finding in report.findings} <= {"label", "class", "event", "sample"}
    assert report.refusals == []


def test_every_layer_has_figures_by_epoch(context: Context, planted: Trained):
    figures = read(context, planted).figures
    names = {"effective_rank", "rank_me", "two_nn", "mle_dimension", "nc1", "knn_accuracy", "equal_share"}
    assert names <= {figure.name for figure in figures}
    accuracy = [figure.value for figure in figures if figure.name == "knn_accuracy"]
    assert len(accuracy) == 6
    assert accuracy[-1] > 0.8


@pytest.fixture(scope="module")
def client(context: Context) -> TestClient:
    app = create_app(context.settings, token=None)
    app.state.context = context
    return TestClient(app, base_url="http://127.0.0.1")


OUTCOMES = """query O($one: ID!, $two: ID!) { outcomes(firstRunId: $one, secondRunId: $two, split: "val") {
  shared mended broken bothWrong bothRight difference low high pValue labelsDiffer refusal
  classes { name mended of } samples(outcome: MENDED, first: 200) { sampleId position label }
} }"""


def test_outcomes_of_two_runs_add_up(client: TestClient, planted: Trained, clean: Trained):
    said = ask(client, OUTCOMES, one=planted.run_id, two=clean.run_id)["outcomes"]
    assert said["refusal"] is None
    groups = [said[name] for name in ("mended", "broken", "bothWrong", "bothRight")]
    assert sum(groups) == said["shared"] == sum(each["of"] for each in said["classes"])
    assert said["difference"] == pytest.approx((said["mended"] - said["broken"]) / said["shared"])
    assert said["low"] <= said["difference"] <= said["high"]
    assert len(said["samples"]) == said["mended"] == sum(each["mended"] for each in said["classes"])
    assert said["labelsDiffer"] > 0  # the leaked ones
    nobody = ask(client, OUTCOMES, one=planted.run_id, two=planted.run_id)["outcomes"]
    assert (nobody["mended"], nobody["broken"], nobody["pValue"]) == (0, 0, 1)


WHY = """query W($run: ID!, $id: String!) { why(runId: $run, split: "val", sampleId: $id, k: 5) {
  supporters { sampleId score label } opponents { sampleId score label } steps refusal } }"""


def test_who_taught_it(client: TestClient, planted: Trained):
    said = ask(client, WHY, run=planted.run_id, id="30")["why"]
    assert said["refusal"] is None
    assert len(said["steps"]) == 6
    scores = [each["score"] for each in said["supporters"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 0
    assert all(each["score"] < 0 for each in said["opponents"])
    label = ask(client, 'query($r: ID!){sample(runId:$r,split:"val",position:30){label}}', r=planted.run_id)
    assert all(each["label"] == label["sample"]["label"] for each in said["supporters"])


def test_without_training_samples_it_says_so(
    client: TestClient, context: Context, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CHROMA_HOME", str(folder))
    with chroma.init(project="tests") as run:
        ids = np.arange(60)
        vectors = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
        run.log_embeddings(vectors, layer="fc", ids=ids, epoch=0, labels=ids % 2, logits=vectors[:, :2])
    ingest_journal(context)
    said = ask(client, WHY, run=run.id, id="3")["why"]
    assert 'splits=("train", "val")' in said["refusal"]
    assert make_report(context.store, run.id, Alone())
    reasons = {each.kind: each.reason for each in read(context, _only(run.id)).refusals}
    assert {"duplicate", "leak", "coverage", "drift"} <= set(reasons)
    assert all(reason.endswith(".") and "=" in reason for reason in reasons.values())


def _only(run_id: str) -> Trained:
    nothing = np.empty(0, np.int64)
    return Trained(run_id, nothing, nothing, nothing)


SIMILARITY = """query S($run: ID!, $over: SimilarityAxis!, $other: ID) {
  similarity(runId: $run, split: "val", over: $over, otherRunId: $other) {
    rows columns values n of refusal
} }"""


def test_epochs_and_runs_are_compared(client: TestClient, planted: Trained, clean: Trained):
    epochs: Any = ask(client, SIMILARITY, run=planted.run_id, over="EPOCHS")["similarity"]
    values = np.array(epochs["values"], float)
    assert epochs["rows"] == epochs["columns"] == [f"epoch {at}" for at in range(6)]
    np.testing.assert_allclose(np.diag(values), 1)
    assert values[0, 5] < values[4, 5] < 1
    runs = ask(client, SIMILARITY, run=planted.run_id, over="LAYERS", other=clean.run_id)["similarity"]
    assert 0.3 < runs["values"][0][0] < 1
    assert (runs["n"], runs["refusal"]) == (200, None)
