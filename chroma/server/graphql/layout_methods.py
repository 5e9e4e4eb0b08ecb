"""The methods that films are drawn by, with their parameters, and which splits can be placed together."""

from __future__ import annotations

from collections.abc import Mapping

import strawberry

from chroma.projection.methods import METHODS as DRAWN_BY
from chroma.projection.methods import is_installed
from chroma.server.graphql.context import Info
from chroma.server.store.films.film_request import METHODS
from chroma.server.store.films.joint_splits import PUBLISHED, joint_names
from chroma.server.store.films.orbits import spatial_most


def _is_there(name: str) -> bool:
    return name not in DRAWN_BY or is_installed(name)


@strawberry.type(description="A number that a method takes.")
class MethodParameter:
    name: str = strawberry.field(description="What `ParameterInput.name` takes")
    title: str = strawberry.field(description="Its name for people")
    description: str = strawberry.field(description="What it does, for people, in one phrase")
    default: float = strawberry.field(description="What is taken where it is not given")
    low: float = strawberry.field(description="The smallest that is taken")
    high: float = strawberry.field(description="The largest that is taken")
    whole: bool = strawberry.field(description="true: whole numbers only")


@strawberry.type(description="A way to draw films that the dashboard offers.")
class LayoutMethod:
    name: str = strawberry.field(description="What `requestFilm(method:)` takes")
    title: str = strawberry.field(description="Its name for people")
    description: str = strawberry.field(description="What it shows, for people, in one phrase")
    installed: bool = strawberry.field(description="false: its package is not there, see `install`")
    install: str | None = strawberry.field(description="The command that installs it; null where it is there")
    parameters: list[MethodParameter] = strawberry.field(
        description="The numbers that it takes; empty where it takes none"
    )
    spatial: bool = strawberry.field(description="true: one frame can be drawn in three dimensions by it")
    spatial_most: int | None = strawberry.field(
        description="Of films of at most so many samples; null: of any, or of none"
    )


@strawberry.type(description="A parameter that a film was drawn with.")
class ParameterValue:
    name: str = strawberry.field(description="As in `MethodParameter.name`")
    value: float = strawberry.field(description="What was given")

    @classmethod
    def of_params(cls, params: Mapping[str, float] | None) -> list[ParameterValue]:
        return [cls(name=name, value=value) for name, value in (params or {}).items()]


@strawberry.input(description="A parameter of a method, see `LayoutMethod.parameters`.")
class ParameterInput:
    name: str = strawberry.field(description="As in `MethodParameter.name`")
    value: float = strawberry.field(description="From `MethodParameter.low` to `high`")


@strawberry.type
class RunLayouts:
    """What films of a run can be asked for."""

    id: strawberry.ID

    @strawberry.field(description="Layout methods, in the order the dashboard offers them")
    def methods(self) -> list[LayoutMethod]:
        return [
            LayoutMethod(
                name=name,
                title=method.title,
                description=method.description,
                installed=_is_there(name),
                install=None if _is_there(name) else f"pip install 'chroma-embeddings[{method.extra}]'",
                parameters=[
                    MethodParameter(
                        name=each.name,
                        title=each.title,
                        description=each.description,
                        default=each.default,
                        low=each.least,
                        high=each.most,
                        whole=each.whole,
                    )
                    for each in method.parameters
                ],
                spatial=method.spatial,
                spatial_most=spatial_most(name) if method.spatial else None,
            )
            for name, method in METHODS.items()
            if method.offered
        ]

    @strawberry.field(
        description="Splits that can be placed together in one film: names for `requestFilm(split:)`"
    )
    async def joint_splits(self, info: Info) -> list[str]:
        by_layer: dict[str, set[str]] = {}
        for row, layer, split in await info.context.snapshots.load(str(self.id)):
            if row.status in PUBLISHED:
                by_layer.setdefault(layer, set()).add(split)
        names = dict.fromkeys(name for splits in by_layer.values() for name in joint_names(splits))
        return list(names)
