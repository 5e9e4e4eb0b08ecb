"""What is found in real small trainings, and what is said where it cannot be said."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from fastapi.testclient import TestClient

import chroma
from chroma.server.app import create_app
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.jobs.findings.make import make_report
from chroma.server.store import tables
from chroma.server.store.check import find_damage
from chroma.server.store.films import job_queue, job_requests
from chroma.server.store.findings import reports
from chroma.server.store.findings.report import Report
from chroma.settings import Settings
from tests.findings_training import Trained, train_digits
from tests.server.filming import Alone
from tests.server.test_graphql import ask, complaint


def report_of(context: Context, run_id: str) -> Report:
    ingest_journal(context)
    assert make_report(context.store, run_id, Alone())
    with context.store.reading() as catalog:
        found = reports.read_report(catalog, run_id)
    assert found is not None
    return found


@pytest.fixture
def trained(home: Path) -> Trained:
    return train_digits()


def test_flipped_labels_are_the_doubts(opened: Context, trained: Trained):
    report = report_of(opened, trained.run_id)
    (found,) = [each for each in report.findings if each.key == "label-train"]
    assert found.samples is not None
    assert found.of == 600
    assert f"{len(found.samples)} of 600 samples of train" in found.text
    first = found.samples.ids[: len(trained.flipped)]
    assert np.isin(first, trained.flipped).mean() > 0.8
    assert (np.diff(found.samples.scores) >= 0).all()
    assert found.samples.scores[-1] < 0
    scores = report.scores["train"]
    order = np.argsort(scores.ids)
    suggested = scores.columns["label_suggested"][order][trained.flipped]
    assert (suggested == trained.truth[trained.flipped]).mean() > 0.8
    np.testing.assert_array_equal(scores.columns["label_given"][order], trained.given)
    agreement = scores.columns["agreement_50"][order]
    assert agreement[trained.flipped].mean() < 0.3
    assert np.delete(agreement, trained.flipped).mean() > 0.7


def test_its_view_selects_the_samples(opened: Context, trained: Trained):
    report = report_of(opened, trained.run_id)
    found = next(each for each in report.findings if each.key == "label-train")
    view = parse_qs(found.view.removeprefix("?"))
    assert view["run"] == [trained.run_id]
    assert view["split"] == ["train"]
    assert view["layer"] == ["hidden"]
    assert view["colour"] == ["label_score"]
    assert found.samples is not None
    assert numbers(view["selected"][0]) == sorted(found.samples.ids.tolist())


def numbers(text: str) -> list[int]:
    """As the page reads them: gaps in digits to the base 32, the least first."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    found: list[int] = []
    gap, weight = 0, 1
    for letter in text:
        digit = digits.index(letter)
        gap += digit % 32 * weight
        weight *= 32
        if digit < 32:
            found.append((found[-1] + 1 if found else 0) + gap)
            gap, weight = 0, 1
    return found


def test_without_class_scores_it_says_so(opened: Context, home: Path):
    with chroma.init(project="tests") as run:
        run.log_embeddings(
            np.eye(8, dtype=np.float32), layer="fc", ids=np.arange(8), epoch=0, labels=np.arange(8) % 2
        )
    report = report_of(opened, run.id)
    reasons = [refusal.reason for refusal in report.refusals if refusal.kind == "label"]
    assert "logits= of log_embeddings" in reasons[0]
    assert "outputs=True" in reasons[1]
    assert not [each for each in report.findings if each.kind == "label"]


def test_a_damaged_report_is_found_and_made_anew(opened: Context, trained: Trained):
    report_of(opened, trained.run_id)
    (path,) = opened.store.files.root.glob("findings/*/*.arrow")
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    with opened.store.reading() as catalog:
        (damage,) = find_damage(catalog, opened.settings.journal)
        assert (damage.kind, damage.run, damage.derived) == ("findings", trained.run_id, True)
        assert reports.read_report(catalog, trained.run_id) is None
        assert reports.without_report(catalog, None) == [trained.run_id]
    assert report_of(opened, trained.run_id).findings


def test_a_report_is_of_what_it_was_made_from(opened: Context, trained: Trained):
    report_of(opened, trained.run_id)
    with opened.store.reading() as catalog:
        assert reports.without_report(catalog, None) == []
    with chroma.init(project="tests", run_id=trained.run_id) as run:
        run.log_columns("val", np.arange(5), epoch=9, difficulty=np.ones(5))
    ingest_journal(opened)
    with opened.store.reading() as catalog:
        assert reports.without_report(catalog, None) == [trained.run_id]
    report_of(opened, trained.run_id)
    assert len(list(opened.store.files.root.glob("findings/*/*.arrow"))) == 1


def test_films_go_first(opened: Context):
    with opened.store.writing() as catalog:
        job_requests.enqueue(catalog, reports.KIND, "a-run")
        job_requests.enqueue(catalog, "film", "a-film")
    with opened.store.writing() as catalog:
        first, second = job_queue.take(catalog, "me"), job_queue.take(catalog, "me")
    assert first is not None
    assert second is not None
    assert (first.kind, second.kind) == ("film", "findings")
    with opened.store.writing() as catalog:
        catalog.session.add(tables.Job(kind="findings", key="another"))
    with opened.store.reading() as catalog:
        assert not job_queue.others_wait(catalog, first)


@pytest.fixture
def asked(settings: Settings, trained: Trained, opened: Context) -> TestClient:
    """The app of a home whose report is made; nothing runs beside it."""
    report_of(opened, trained.run_id)
    app = create_app(settings, token=None)
    app.state.context = opened
    return TestClient(app, base_url="http://127.0.0.1")


DOUBTS = """query D($run: ID!, $after: Int! = 0, $undecided: Boolean! = false) {
  labelDoubts(runId: $run, split: "train", first: 2, after: $after, undecided: $undecided) {
    progress { of doubts confirmed relabelled skipped } classNames method
    rows { sampleId score given suggested epochsWrong epochsSeen decision label unseen moments { epoch } }
  }
}"""
DECIDE = """mutation M($run: ID!, $ids: [String!]!, $decision: LabelDecision!, $label: String) {
  decideLabels(runId: $run, split: "train", sampleIds: $ids, decision: $decision, label: $label) {
    confirmed relabelled skipped
  }
}"""


def test_doubts_are_decided_and_undone(asked: TestClient, trained: Trained):
    run = trained.run_id
    first, second = ask(asked, DOUBTS, run=run)["labelDoubts"]["rows"]
    assert first["score"] <= second["score"]
    assert len(first["moments"]) == 6
    assert first["epochsWrong"] <= first["epochsSeen"] == 6
    assert "log_inputs=True" in first["unseen"]
    new = first["suggested"]
    answer = ask(asked, DECIDE, run=run, ids=[first["sampleId"]], decision="RELABEL", label=new)
    assert answer["decideLabels"] == {"confirmed": 0, "relabelled": 1, "skipped": 0}
    rest = ask(asked, DOUBTS, run=run, undecided=True)["labelDoubts"]
    assert rest["rows"][0]["sampleId"] == second["sampleId"]
    again = ask(asked, DOUBTS, run=run)["labelDoubts"]["rows"][0]
    assert (again["decision"], again["label"]) == ("RELABEL", new)
    answer = ask(asked, DECIDE, run=run, ids=[first["sampleId"], second["sampleId"]], decision="SKIP")
    assert answer["decideLabels"] == {"confirmed": 0, "relabelled": 0, "skipped": 2}
    answer = ask(asked, DECIDE, run=run, ids=[second["sampleId"]], decision="UNDO")
    assert answer["decideLabels"]["skipped"] == 1
    assert "is not one of the classes" in complaint(
        asked, DECIDE, run=run, ids=["0"], decision="RELABEL", label="cat"
    )
    assert "RELABEL" in complaint(asked, DECIDE, run=run, ids=["0"], decision="RELABEL")


def test_decisions_are_a_patch(asked: TestClient, trained: Trained):
    run = trained.run_id
    ask(asked, DECIDE, run=run, ids=["4", "17"], decision="RELABEL", label="digit 3")
    ask(asked, DECIDE, run=run, ids=["5"], decision="CONFIRM")
    path = f"/api/runs/{run}/splits/train/patch"
    assert asked.get(path).json() == {"4": 3, "17": 3}
    csv = asked.get(path, params={"format": "csv"})
    assert csv.text == '"id","label","name"\n4,3,"digit 3"\n17,3,"digit 3"\n'
    assert "attachment" in csv.headers["content-disposition"]
    assert asked.get(path, params={"format": "parquet"}).content[:4] == b"PAR1"


def test_findings_are_listed_with_their_samples(asked: TestClient, trained: Trained):
    query = """query F($run: ID!) { run(id: $run) { findings {
      status stale madeAt found { key kind count of samples(first: 2) { sampleId label suggested } } } } }"""
    said = ask(asked, query, run=trained.run_id)["run"]["findings"]
    assert said["madeAt"]
    assert not said["stale"]
    found = next(each for each in said["found"] if each["key"] == "label-train")
    assert found["kind"] == "LABEL"
    assert found["of"] == 600
    assert len(found["samples"]) == 2
    wrong, right = found["samples"][0]["label"], found["samples"][0]["suggested"]
    first = int(found["samples"][0]["sampleId"])
    assert wrong == f"digit {trained.given[first]}"
    assert right != wrong
    ids = asked.get(f"/api/runs/{trained.run_id}/findings/label-train/ids").json()
    assert ids[:2] == [each["sampleId"] for each in found["samples"]]
    assert len(ids) == found["count"]
    assert asked.get(f"/api/runs/{trained.run_id}/findings/nothing/ids").status_code == 404
    assert asked.get(f"/api/runs/{'é' * 300}/findings/label-train/ids").status_code == 404
    assert json.loads(asked.get("/api/health").content)["status"] == "ok"


def test_a_lost_report_is_asked_for_again(asked: TestClient, opened: Context, trained: Trained):
    with opened.store.writing() as catalog:
        catalog.session.add(tables.Job(kind=reports.KIND, key=trained.run_id, status="ready"))
    (path,) = opened.store.files.root.glob("findings/*/*.arrow")
    path.write_bytes(path.read_bytes()[:-9])
    query = "query F($run: ID!) { run(id: $run) { findings { status madeAt found { key } } } }"
    said = ask(asked, query, run=trained.run_id)["run"]["findings"]
    assert said == {"status": "PENDING", "madeAt": None, "found": []}
