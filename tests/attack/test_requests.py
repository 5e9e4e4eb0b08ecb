"""Requests that look like real ones, by OpenAPI and by GraphQL, and documents that ask for too much."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
import schemathesis
from graphql import build_schema, get_introspection_query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chroma.server.graphql.schema import build_schema as ours
from tests.attack import TIMES
from tests.attack.target import Answer, Target
from tests.odd_requests import Odd
from tests.server.test_limits import doubled

pytestmark = pytest.mark.timeout(120 + 600 * TIMES // 4)


def often(examples: int) -> settings:
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        database=None,
        derandomize=TIMES == 1,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


def test_requests_by_openapi(target: Target, who: str) -> None:
    document = target.client.get("/openapi.json", headers=target.headers["administrator"]).json()
    schema = schemathesis.openapi.from_dict(document)
    known = {name: st.sampled_from([str(value)]) for name, value in target.quiet.known.items()}
    session = requests.Session()
    session.trust_env = False  # no proxy reaches this machine's loopback
    found: list[Any] = [result.ok() for result in schema.get_all_operations()]  # pyright: ignore
    assert len(found) > 20
    valid, wrong = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
    cases: st.SearchStrategy[Any] = st.one_of(
        [each.as_strategy(generation_mode=mode) for each in found for mode in (valid, wrong)]
    )

    @often(15)
    @given(cases, st.data())
    def send(case: Any, data: st.DataObject) -> None:
        for name in case.path_parameters or {}:
            if name in known and data.draw(st.integers(0, 2)):
                case.path_parameters[name] = data.draw(known[name])
        answer = case.call(base_url=target.url, session=session, headers={**target.headers[who]}, timeout=60)
        headers = {name: ", ".join(values) for name, values in answer.headers.items()}
        asked = repr((case.method, case.path, case.path_parameters, case.query, case.headers, case.body))
        target.judge(
            who, f"OpenAPI, {who}", asked, Answer(answer.status_code, headers, answer.content, answer.elapsed)
        )

    send()


def test_graphql_with_odd_arguments(target: Target, who: str) -> None:
    odd = Odd([*map(str, target.quiet.known.values()), "umap", "pca"])

    @often(15)
    @given(odd.operations(build_schema(str(ours())), without={"startExample"}))  # it trains for seconds
    def send(operation: dict[str, Any]) -> None:
        body = json.dumps(operation)
        answer = target.request(
            who, f"GraphQL, {who}", "POST", "/graphql", content=body,
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        assert answer.status_code in ((401,) if who == "nobody" else (200, 400)), (body, answer.text)

    send()


LARGE = {
    "braces": "{" * 100_000,
    "fields": "{" + " runs { id }" * 2000 + "}",
    "aliases": "{" + " ".join(f"a{n}: runs {{ id }}" for n in range(5000)) + "}",
    "fragments": doubled(30),
    "loop": "{ runs { ...f } } fragment f on Run { ...f }",
    "types": "{ __schema { types " + "{ fields { type " * 20 + "{ name }" + "}" * 41,
    "directives": "{ runs " + "@skip(if: false) " * 3000 + "{ id } }",
    "variables": "query Q(" + " ".join(f"$v{n}: Int" for n in range(5000)) + ") { runs { id } }",
    "text": '{ run(id: "' + "a" * 10**6 + '") { id } }',
    "block": '{ run(id: """' + "\n" * 10**6 + '""") { id } }',
    "comments": "#" + "x" * 10**6 + "\n{ runs { id } }",
    "commas": "{ runs { id " + "," * 10**6 + " } }",
    "operations": " ".join(f"query Q{n} {{ runs {{ id }} }}" for n in range(400)),
}


@pytest.mark.parametrize("name", LARGE)
def test_documents_that_ask_for_too_much(target: Target, who: str, name: str) -> None:
    said = [{"query": LARGE[name]}]
    if TIMES > 1:
        said += [
            {"query": LARGE[name], "operationName": "Q1"},
            {"query": LARGE[name], "variables": {"v0": 1}},
        ]
    for body in said:
        answer = target.request(who, f"large documents, {who}", "POST", "/graphql", json=body)
        assert answer.status_code in ((401,) if who == "nobody" else (200, 400))
        assert len(answer.content) < 10**6


def test_many_at_once_are_one_request_each(target: Target, who: str) -> None:
    one = {"query": "{ runs { id } }"}
    refused = 401 if who == "nobody" else 400
    for body in ([one] * 1000, [], [[one]]):
        assert target.request(who, "batches", "POST", "/graphql", json=body).status_code == refused


def test_what_may_be_asked_is_told_to_those_who_may_ask(target: Target, who: str) -> None:
    answer = target.request(
        who, "introspection", "POST", "/graphql", json={"query": get_introspection_query()}
    )
    assert answer.status_code == (401 if who == "nobody" else 200)
    assert ("__schema" in answer.text) == (who != "nobody")
