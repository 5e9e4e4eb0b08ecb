"""What Prometheus and load balancers read."""

from __future__ import annotations

from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from chroma.server.app import create_app
from chroma.server.home.context import Context
from chroma.settings import Settings
from tests.captured import capture


def _figures(client: TestClient) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_it_tells_what_the_home_holds_and_what_was_asked(settings: Settings):
    capture(settings.home, n=20, epochs=2)
    with TestClient(create_app(settings, token=None), base_url="http://127.0.0.1") as client:
        context: Context = client.app.state.context  # type: ignore[attr-defined]
        assert context.progress.caught_up.wait(30)
        client.get("/api/health")
        client.get("/api/films/none/frames/none")
        figures = _figures(client)
    assert figures["chroma_runs", "finished"] == 1
    assert figures["chroma_snapshots",] == 4  # two layers, two epochs
    assert figures["chroma_segments",] > 4
    assert figures["chroma_ingest_waiting",] == 0
    assert figures["chroma_disk_free_bytes", "home"] > 0
    assert figures["process_cpu_seconds_total",] > 0
    assert figures["chroma_requests_total", "/api/health", "200", "GET"] == 1
    assert figures["chroma_requests_total", "/api/films/{film_id}/frames/{digest}", "404", "GET"] == 1
    assert figures["chroma_request_seconds_count", "/api/health"] == 1


def test_methods_that_senders_make_up_are_counted_as_one(client: TestClient):
    for number in range(3):
        assert client.request(f"MADE{number}", "/api/health").status_code == 405
    assert _figures(client)["chroma_requests_total", "/api/health", "405", "other"] == 3


def test_it_asks_for_the_token(settings: Settings):
    with TestClient(create_app(settings, token="secret"), base_url="http://127.0.0.1") as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"Authorization": "Bearer secret"}).status_code == 200


def test_a_server_with_a_part_that_is_down_is_not_ready(client: TestClient, kept: Context):
    assert kept.progress.caught_up.wait(30)
    assert client.get("/api/health/ready").status_code == 200
    kept.parts.failed("webhook", "the chat does not answer")
    answer = client.get("/api/health/ready")
    assert (answer.status_code, list(answer.json()["down"])) == (503, ["webhook"])
    kept.parts.works("webhook")
    kept.parts.failed("worker", "the scheduler does not answer")  # films wait; all else works
    assert client.get("/api/health/ready").status_code == 200
