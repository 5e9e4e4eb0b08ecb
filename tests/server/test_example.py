"""The example run: `chroma example`, and the mutation that trains it for a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import chroma
from chroma.cli.example import train


def ask(client: TestClient, query: str) -> Any:
    return client.post("/graphql", json={"query": query}).json()


def test_the_example_learns_and_some_labels_are_wrong(home: Path) -> None:
    wrong, of = train(6)
    assert (wrong, of) == (36, 1198)
    with chroma.open(home) as catalog:
        assert catalog.projects()["name"].tolist() == ["examples"]
        run = catalog.run("latest")
        assert set(run.splits()["name"]) == {"train", "val"}
        accuracy = run.metrics().query("name == 'val_acc'")["value"].tolist()
        assert len(accuracy) == 6
        assert accuracy[-1] > 0.9 > accuracy[0]
        embedded = run.embeddings("hidden", "val")
        assert embedded.vectors.shape == (599, 24)


def test_a_page_gets_the_run_with_its_first_epoch(client: TestClient) -> None:
    said = ask(client, "mutation { startExample }")
    run_id = said["data"]["startExample"]
    run = ask(client, f'{{ run(id: "{run_id}") {{ project snapshots {{ layer }} splits {{ hasImages }} }} }}')
    assert run["data"]["run"]["project"] == "examples"
    assert run["data"]["run"]["snapshots"]
    assert all(split["hasImages"] for split in run["data"]["run"]["splits"])


def test_an_example_that_cannot_be_trained_says_why(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMA_QUEUE_BYTES", "many")
    [error] = ask(client, "mutation { startExample }")["errors"]
    assert error["extensions"]["code"] == "JobError"
    assert "the example could not be trained" in error["message"]
    assert "CHROMA_QUEUE_BYTES" in error["message"]
    assert ask(client, "{ runs { id } }")["data"]["runs"] == []
