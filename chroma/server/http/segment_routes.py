"""Segments of trainings on other machines, and the signs of life of those who write them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from chroma.errors import SegmentError
from chroma.server.home import arrivals
from chroma.server.home.arrivals import MOST_BYTES, Key
from chroma.server.http.asked import Sent
from chroma.server.http.problems import problem

DIGEST = "chroma-digest"  # header: blake2b of the body, 32 hex digits

_MOST_AT_ONCE = 32  # uploads that are received
_WAIT = 10.0  # seconds that an upload waits for its turn before it is asked to come again
_STALL = 30.0  # seconds in which the next `_LEAST` bytes, or the rest, must come
_LEAST = 2**16
_PROOFS = 4  # at once: each reads a whole segment
_WRITES = 4  # at once: to the disk, or to a bucket, where each waits for answers and holds its bytes
_MOST_KEYS = 10_000

router = APIRouter(prefix="/api")


class Uploads:
    """The uploads that a server receives now: of one event loop."""

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(_MOST_AT_ONCE)
        self.proofs = CapacityLimiter(_PROOFS)
        self.writes = CapacityLimiter(_WRITES)

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[bool]:
        """A place among those that are received; False where none became free in time."""
        try:
            async with asyncio.timeout(_WAIT):
                await self.places.acquire()
        except TimeoutError:
            yield False
            return
        try:
            yield True
        finally:
            self.places.release()


class Keys(BaseModel):
    """Segments that a sender has."""

    keys: Annotated[list[tuple[str, int]], Field(max_length=_MOST_KEYS)]


@router.put("/runs/{run_id}/segments/{writer}/{number}", status_code=201)
async def put_segment(request: Request, sent: Sent, run_id: str, writer: str, number: int) -> Response:
    """Take a segment: 201 for a new one, 200 for one that is there, 409 where another one of its key is."""
    uploads: Uploads = request.app.state.uploads
    key = Key(run_id, writer, number)
    announced = request.headers.get("content-length", "0")
    size = int(announced) if announced.isdecimal() and len(announced) < 16 else 0
    if size > MOST_BYTES:
        return _closing(413, f"the segment is larger than {MOST_BYTES // 2**20} MiB")
    # Before the body: those that are refused need not send it.
    await to_thread.run_sync(sent.check, run_id)
    await to_thread.run_sync(lambda: arrivals.digests(sent.context, run_id, []))
    path = await to_thread.run_sync(arrivals.new_upload, sent.context, size)
    async with uploads.place() as granted:
        if not granted:
            return _closing(429, f"{_MOST_AT_ONCE} segments are being received already; send it again")
        try:
            refused = await _receive(request, path)
            if refused is not None:
                return refused
            told = request.headers.get(DIGEST)
            digest = await to_thread.run_sync(
                lambda: arrivals.prove_upload(key, path, told, opening=sent.check_opening),
                limiter=uploads.proofs,
            )
            outcome = await to_thread.run_sync(
                arrivals.admit, sent.context, key, path, digest, limiter=uploads.writes
            )
        except SegmentError as error:
            return problem(422, str(error), code=type(error).__name__)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        finally:
            await to_thread.run_sync(lambda: path.unlink(missing_ok=True))
    return JSONResponse({"segment": outcome}, 201 if outcome == "new" else 200)


@router.post("/runs/{run_id}/segments/known")
def known_segments(sent: Sent, run_id: str, body: Keys) -> Mapping[str, list[Any]]:
    """Which of these segments, by writer and number, are there: each with its digest."""
    keys = [(key.writer, key.number) for key in (Key(run_id, *pair) for pair in body.keys)]
    sent.check(run_id)
    found = arrivals.digests(sent.context, run_id, keys)
    return {"known": [[writer, number, digest] for (writer, number), digest in found.items()]}


@router.post("/runs/{run_id}/writers/{writer}/heartbeat", status_code=204)
def heartbeat(sent: Sent, run_id: str, writer: str) -> None:
    """A sign of life of a writer; a minute without one, or a closing segment, interrupts its run."""
    key = Key(run_id, writer, 0)
    sent.check(key.run)
    arrivals.hear(sent.context, key.run, key.writer)


@router.delete("/runs/{run_id}/writers/{writer}/heartbeat", status_code=204)
def end_of_writer(sent: Sent, run_id: str, writer: str) -> None:
    """The writer has ended; `chroma sync` says so of a process that is gone."""
    key = Key(run_id, writer, 0)
    sent.check(key.run)
    arrivals.end(sent.context, key.run, key.writer)


async def _receive(request: Request, path: Path) -> Response | None:
    """Write the body to a file; returns the refusal where it is too large or too slow."""
    received, due = 0, _LEAST
    try:
        with path.open("xb") as file:  # buffered: of a disk that fills up, raw writes write a part
            async with asyncio.timeout(_STALL) as stall:
                async for part in request.stream():
                    received += len(part)
                    if received > MOST_BYTES:
                        return _closing(413, f"the segment is larger than {MOST_BYTES // 2**20} MiB")
                    file.write(part)
                    if received >= due:  # a sender that drips would hold its place for ever
                        due = received + _LEAST
                        stall.reschedule(asyncio.get_running_loop().time() + _STALL)
    except TimeoutError:
        return _closing(
            408, f"less than {_LEAST // 2**10} KiB of the segment came in {_STALL:g} s; send it again"
        )
    except OSError as error:
        raise arrivals.full(error) from error
    return None


def _closing(status: int, detail: str) -> Response:
    headers = {"Connection": "close"}  # what is left of the body is not read
    return problem(status, detail, headers | ({"Retry-After": "1"} if status == 429 else {}))
