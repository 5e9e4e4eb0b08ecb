"""Bounds on a GraphQL document: how deep, how many fields and aliases once its fragments are written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
)
from strawberry.extensions import MaxTokensLimiter, SchemaExtension

MOST_TOKENS = 2000  # the introspection of GraphiQL has 400
MOST_BRACES = 40  # nested: the parser calls itself for each
MOST_DEPTH = 16  # introspection has 15, our own operations 5
MOST_FIELDS = 300
MOST_ALIASES = 30  # fields asked for again, under another name or the same: each is another answer
_CEILING = 10**6  # beyond any bound: fragments that double each other are not counted to the end


@dataclass(frozen=True, slots=True)
class _Size:
    depth: int = 0
    fields: int = 0
    aliases: int = 0


class SizeLimiter(SchemaExtension):
    """Refuses a document before it is parsed, by its braces, and before it is validated, by its size.

    Validation compares fields of one name in pairs.
    """

    def on_parse(self) -> Iterator[None]:
        """Measure the document."""
        _check_nesting(self.execution_context.query or "")
        yield
        document = self.execution_context.graphql_document
        if document is not None:
            _Measure(document).check()


def _check_nesting(text: str) -> None:
    depth = deepest = 0
    for character in text:
        if character in "{[(":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}])":
            depth -= 1
    if deepest > MOST_BRACES:
        raise GraphQLError(f"the document nests {deepest} levels, of at most {MOST_BRACES}; ask in two")


class _Measure:
    def __init__(self, document: DocumentNode) -> None:
        self._known: dict[str, _Size] = {}
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._operations = [
            each for each in document.definitions if isinstance(each, OperationDefinitionNode)
        ]

    def check(self) -> None:
        """Raise GraphQLError for operations that are too deep, or ask for too much."""
        for operation in self._operations:
            size = self._of(operation.selection_set)
            for what, found, most in (
                ("levels", size.depth, MOST_DEPTH),
                ("fields", size.fields, MOST_FIELDS),
                ("aliases and repeated fields", size.aliases, MOST_ALIASES),
            ):
                if found > most:
                    raise GraphQLError(f"the operation has more than {most} {what}; ask in several ones")

    def _of(self, selected: SelectionSetNode | None) -> _Size:
        depth = fields = aliases = 0
        names: set[str] = set()
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                inner = self._of(node.selection_set)
                again = node.alias is not None or node.name.value in names
                names.add(node.name.value)
                size = _Size(1 + inner.depth, 1 + inner.fields, inner.aliases + int(again))
            elif isinstance(node, FragmentSpreadNode):
                size = self._of_fragment(node.name.value)
            else:
                size = self._of(getattr(node, "selection_set", None))
            depth = max(depth, size.depth)
            fields = min(_CEILING, fields + size.fields)
            aliases = min(_CEILING, aliases + size.aliases)
        return _Size(depth, fields, aliases)

    def _of_fragment(self, name: str) -> _Size:
        """The size of a fragment, measured once; one that holds itself is refused by validation."""
        if name not in self._known:
            self._known[name] = _Size()
            fragment = self._fragments.get(name)
            self._known[name] = self._of(fragment.selection_set if fragment else None)
        return self._known[name]


EXTENSIONS: tuple[Callable[[], SchemaExtension], ...] = (
    SizeLimiter,
    lambda: MaxTokensLimiter(MOST_TOKENS),
)
