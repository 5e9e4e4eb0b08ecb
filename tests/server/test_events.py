from __future__ import annotations

import threading
from contextlib import aclosing

import anyio
import pytest

from chroma.server.home.events import Event, Events

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def collected(events: Events, run_id: str | None, sent: list[Event], n: int) -> list[Event]:
    """Subscribe, let another thread publish, and take what comes."""
    found: list[Event] = []

    def publish() -> None:
        for event in sent:
            events.publish(event)

    async with aclosing(events.subscribe(run_id)) as stream, anyio.create_task_group() as tasks:
        assert await anext(stream) == Event("listening", run_id)

        async def take() -> None:
            async for event in stream:
                found.append(event)
                if len(found) == n:
                    return

        tasks.start_soon(take)
        await anyio.wait_all_tasks_blocked()
        thread = threading.Thread(target=publish)
        thread.start()
        await anyio.to_thread.run_sync(thread.join)
    return found


async def test_events_of_another_thread_arrive_in_order() -> None:
    sent = [Event("run", "a"), Event("film", "a", "f", 0.5), Event("tag", "b")]
    assert await collected(Events(), None, sent, 3) == sent


async def test_only_events_of_the_named_run_arrive() -> None:
    sent = [Event("run", "b"), Event("run", "a"), Event("metric", "b"), Event("metric", "a")]
    assert await collected(Events(), "a", sent, 2) == [sent[1], sent[3]]


async def test_a_slow_subscriber_gets_the_newest_of_each_kind_and_a_bounded_number() -> None:
    events = Events()
    async with aclosing(events.subscribe()) as stream:
        events.publish(Event("run", "a"))  # nobody listens yet
        assert await anext(stream) == Event("listening", None)
        async with anyio.create_task_group() as tasks:
            first: list[Event] = []

            async def take() -> None:
                first.append(await anext(stream))

            tasks.start_soon(take)
            await anyio.wait_all_tasks_blocked()
            events.publish(Event("run", "start"))
        assert first == [Event("run", "start")]
        for step in range(5000):
            events.publish(Event("film", "a", "f", step / 5000))
        for run in range(2000):
            events.publish(Event("run", str(run)))
        await anyio.lowlevel.checkpoint()
        rest = [await anext(stream) for _ in range(1000)]
        assert rest[-1] == Event("run", "1999")
        assert len({event.run_id for event in rest}) == 1000
        events.publish(Event("film", "a", "f", 0.1))
        events.publish(Event("film", "a", "f", 0.2))
        await anyio.lowlevel.checkpoint()
        assert await anext(stream) == Event("film", "a", "f", 0.2)


async def test_who_left_is_forgotten() -> None:
    events = Events()
    await collected(events, None, [Event("run", "a")], 1)
    assert not events._subscribers
