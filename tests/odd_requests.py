"""Odd requests to a server, and ordinary ones with odd values, for tests that send many of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import quote

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from hypothesis import strategies as st

integers = st.one_of(
    st.integers(-2, 5),
    st.sampled_from([2**31, -(2**31) - 1, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**400]),
)


class Odd:
    """Strategies whose values name what there is now and then, so that requests get past the first check.

    Args:
        known: Names and ids of what there is.

    Attributes:
        texts: Names of what there is, and what never is one.
        values: Anything that JSON can say.
        messages: What may be said over a WebSocket of GraphQL.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self.texts: st.SearchStrategy[str] = st.one_of(
            st.sampled_from(list(known)),
            st.text(max_size=20),
            st.sampled_from(
                [
                    "",
                    "\0",
                    "../..",
                    "a" * 5000,
                    "%00",
                    "%",
                    "'; drop table run; --",
                    "é" * 300,
                    "\u202e",
                    "{}",
                ]
            ),
        )
        self.values: st.SearchStrategy[Any] = st.one_of(
            st.none(), st.booleans(), integers, st.floats(), self.texts,
            st.lists(integers, max_size=3), st.just({"a": []}),
        )  # fmt: skip
        self.messages: st.SearchStrategy[Any] = st.one_of(
            st.binary(max_size=20),
            st.text(max_size=20),
            st.sampled_from(
                [
                    "[" * 50_000, "{", "null", "9" * 5000,
                    '{"type": "subscribe"}', '{"type": "ping", "payload": 1}',
                ]
            ),
            st.fixed_dictionaries(
                {
                    "type": st.sampled_from(
                        ["connection_init", "subscribe", "complete", "ping", "pong", "next", "x"]
                    )
                },
                optional={
                    "id": self.values,
                    "payload": st.one_of(
                        self.values,
                        st.fixed_dictionaries(
                            {},
                            optional={
                                "query": self.texts, "variables": self.values, "operationName": self.values,
                            },
                        ),
                    ),
                },
            ),
        )  # fmt: skip

    def requests(self, paths: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
        """Requests to the routes of an OpenAPI document, as arguments of a client's `request`."""
        return _requests(self, paths)

    def value_of(self, kind: Any) -> st.SearchStrategy[Any]:
        """Values of a type of GraphQL, and some that are none."""
        if isinstance(kind, GraphQLNonNull):
            return st.one_of(self.value_of(kind.of_type), self.values)
        if isinstance(kind, GraphQLList):
            return st.lists(self.value_of(kind.of_type), max_size=4)
        if isinstance(kind, GraphQLInputObjectType):
            return st.fixed_dictionaries(
                {name: self.value_of(field.type) for name, field in kind.fields.items()}
            )
        if isinstance(kind, GraphQLEnumType):
            return st.sampled_from(sorted(kind.values))
        known: dict[str, st.SearchStrategy[Any]] = {"Int": integers, "BigInt": integers, "Float": st.floats()}
        return st.one_of(known.get(get_named_type(kind).name, self.texts), st.none())

    def operations(
        self, schema: GraphQLSchema, without: Collection[str] = ()
    ) -> st.SearchStrategy[dict[str, Any]]:
        """A field of a query or mutation with all its arguments, and what it answers three levels deep."""
        return _operations(self, schema, without)


@st.composite
def _requests(draw: st.DrawFn, odd: Odd, paths: dict[str, Any]) -> dict[str, Any]:
    path = draw(st.sampled_from(sorted(paths)))
    method = draw(st.sampled_from(sorted(paths[path])))
    address = path
    query: list[tuple[str, str]] = []
    for parameter in paths[path][method].get("parameters", []):
        value = str(draw(st.one_of(odd.texts, integers)))
        if parameter["in"] == "path":
            address = address.replace(
                "{" + parameter["name"] + "}", quote(value, safe=draw(st.sampled_from("/ ")))
            )
        elif parameter.get("required") or draw(st.booleans()):
            query.append((parameter["name"], value))
    body = draw(st.sampled_from(["json", "bytes", "none"])) if method in ("post", "put") else "none"
    more: dict[str, Any] = {}
    if body == "json":
        names = st.sampled_from(["positions", "step", "format", "query", "variables", "operationName"])
        said = draw(st.one_of(st.dictionaries(names, odd.values, max_size=4), odd.values))
        more = {"content": json.dumps(said), "headers": {"Content-Type": "application/json"}}
    elif body == "bytes":
        more = {"content": draw(st.binary(max_size=64))}
    return {"method": method.upper(), "url": address.replace("{", "%7B"), "params": query, **more}


@st.composite
def _operations(draw: st.DrawFn, odd: Odd, schema: GraphQLSchema, without: Collection[str]) -> dict[str, Any]:
    root = draw(st.sampled_from([schema.query_type, schema.mutation_type]))
    assert root
    name = draw(st.sampled_from(sorted(set(root.fields) - set(without))))
    names: list[str] = []
    variables: dict[str, Any] = {}

    def chosen(owner: GraphQLObjectType, field: str, depth: int) -> str:
        given_to = owner.fields[field]
        said: list[str] = []
        for argument, about in given_to.args.items():
            variable = f"v{len(names)}"
            names.append(f"${variable}: {about.type}")
            variables[variable] = draw(odd.value_of(about.type))
            said.append(f"{argument}: ${variable}")
        kind = get_named_type(given_to.type)
        arguments = f"({', '.join(said)})" if said else ""
        if is_leaf_type(kind) or not isinstance(kind, GraphQLObjectType):
            return f"{field}{arguments}"
        below = [
            chosen(kind, each, depth - 1)
            for each in kind.fields
            if depth > 0 or is_leaf_type(get_named_type(kind.fields[each].type))
        ]
        return f"{field}{arguments} {{ __typename {' '.join(below)} }}"

    text = chosen(root, name, draw(st.integers(0, 2)))
    operation = "query" if root is schema.query_type else "mutation"
    return {
        "query": f"{operation} Q({', '.join(names)}) {{ {text} }}".replace("Q()", "Q"),
        "variables": variables,
    }
