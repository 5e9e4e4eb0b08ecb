"""Bytes that no client sends: odd heads, endless and slow bodies, bombs, and floods of WebSockets."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress

import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from chroma.server.http.connection import MOST_CONNECTIONS
from chroma.server.http.limits import MOST_SOCKETS
from tests.attack import TABLE, TIMES
from tests.attack.target import Answer, Target

pytestmark = pytest.mark.timeout(120 + 30 * TIMES)
LATEST = 5.0  # seconds in which others are answered meanwhile, on a busy machine


def head(target: Target, who: str, line: str, *more: str) -> bytes:
    """The head of a request, without its last line."""
    said = [line, f"Host: 127.0.0.1:{target.port}"]
    said += [f"{name}: {value}" for name, value in target.headers[who].items()]
    return "\r\n".join([*said, *more, ""]).encode("latin-1")


def told(target: Target, who: str, what: str, parts: Iterable[bytes]) -> int | None:
    """Send bytes until they are refused, judge the answer, and give its status; None where none came."""
    began, heard = time.monotonic(), bytearray()
    with socket.create_connection(("127.0.0.1", target.port), 30) as client:
        with suppress(ConnectionError):
            for part in parts:
                client.sendall(part)
        client.settimeout(30)
        with suppress(ConnectionError):
            while found := client.recv(2**16):
                heard += found
                if _whole(bytes(heard)):
                    break
    if not heard:
        TABLE.setdefault(what, Counter())["closed"] += 1
        return None
    first, _, body = bytes(heard).partition(b"\r\n\r\n")
    line, *lines = first.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
    status = int(line.split()[1])
    target.judge(who, what, what, Answer(status, headers, body, time.monotonic() - began))
    return status


def _whole(heard: bytes) -> bool:
    """Whether an answer is there, to a client that does not close."""
    first, end, body = heard.partition(b"\r\n\r\n")
    for line in first.lower().split(b"\r\n") if end else ():
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return bool(end) and (heard.endswith(b"0\r\n\r\n") or first.split()[1] in (b"204", b"304"))


PATHS = [
    "/../../etc/passwd", "/..%2f..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/../../../x",
    "/assets/%2e%2e%2f%2e%2e%2fapp.py", "//etc/passwd", "/etc/passwd", "/\\..\\..\\x", "/%5c..%5cserver.json",
    "/server.json", "/chroma.db", "/api/../server.json", "/api/runs/..%2f..%2fx/splits/val/samples",
    "/api/runs/../splits/../samples", "/api/films/..%2f..%2f..%2fetc%2fpasswd/ids", "/%00", "/%0d%0aX: y",
    "/api/runs/run-quiet/splits/..%2f..%2f/selections/..%2f..%2fserver.json", "/%ff%fe", "/%c0%ae%c0%ae/x",
    "/.git/config", "/index.html/..", "/?%00", "/api/health/../runs", "/graphql/../api/x", "/api//health",
    "http://127.0.0.1/api/health", "http://evil.example/", "*", "api", "/" + "a/" * 1500, "/" + "%41" * 3000,
]  # fmt: skip


def test_paths_lead_to_no_file_of_others(target: Target, who: str) -> None:
    for path in PATHS:
        for method in ("GET", "PUT") if TIMES > 1 else ("GET",):
            asked = head(target, who, f"{method} {path} HTTP/1.1", "Content-Length: 0", "Connection: close")
            assert told(target, who, "tricks of paths", [asked, b"\r\n"]) is not None


def test_a_file_of_the_machine_is_never_an_answer(target: Target) -> None:
    for path in (
        "/..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "/assets/..%2f..%2fapp.py",
        "/server.json",
    ):
        answer = target.request("administrator", "tricks of paths", "GET", path)
        assert "root:" not in answer.text
        assert "create_app" not in answer.text
        assert "token" not in answer.text or answer.headers["content-type"].startswith("text/html")


def heads(target: Target, who: str) -> Iterator[tuple[str, list[bytes]]]:
    post, get, host = (
        "POST /graphql HTTP/1.1",
        "GET /api/health HTTP/1.1",
        f"Host: 127.0.0.1:{target.port}\r\n",
    )
    end, close = b"\r\n", "Connection: close"
    yield "bytes", [b"\0\1\2\3\r\n\r\n"]
    yield "TLS", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n"]
    yield "HTTP/2", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    yield "HTTP/0.9", [b"GET /\r\n\r\n"]
    yield "no host", [b"GET / HTTP/1.1\r\n\r\n"]
    yield "two hosts", [head(target, who, get, "Host: evil.example", close), end]
    yield "another host", [b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"]
    yield (
        "two lengths",
        [head(target, who, post, "Content-Length: 2", "Content-Length: 3", close), end, b"{}"],
    )
    yield "length and chunks", [
        head(target, who, post, "Content-Length: 2", "Transfer-Encoding: chunked", close), end,
        b"0\r\n\r\nGET /api/health HTTP/1.1\r\n" + host.encode() + b"\r\n",
    ]  # fmt: skip
    yield "length below 0", [head(target, who, post, "Content-Length: -1", close), end]
    yield "length of text", [head(target, who, post, "Content-Length: 0x10", close), end]
    yield "odd chunks", [head(target, who, post, "Transfer-Encoding: chunked", close), end, b"ZZ\r\nab\r\n"]
    yield "chunks begun", [
        head(target, who, post, "Transfer-Encoding: chunked", close), end, b"2\r\n{}\r\n", b"-5\r\nab\r\n",
    ]  # fmt: skip
    yield (
        "two encodings",
        [head(target, who, post, "Transfer-Encoding: gzip, chunked", close), end, b"0\r\n\r\n"],
    )
    yield "a long header", [head(target, who, get, "X: " + "a" * 70_000), end]
    yield "many headers", [head(target, who, get, *(f"X-{n}: 1" for n in range(5000))), end]
    yield "a NUL in a header", [head(target, who, get, "X: a\0b", close), end]
    yield "a folded header", [head(target, who, get, "X: a\r\n b", close), end]
    yield "a space before the colon", [head(target, who, get, "Content-Length : 5", close), end]
    yield "a token of bytes", [head(target, who, get, "Authorization: Bearer \xff\xfe", close), end]
    yield (
        "a session of bytes",
        [head(target, who, "GET /api/x HTTP/1.1", "X-Chroma-Session: \xff", close), end],
    )
    yield "an id of a request", [head(target, who, get, "X-Request-Id: a\tb" + "c" * 500, close), end]
    yield "Fresh of bytes", [head(target, who, get, "X-Chroma-Fresh: \xff" * 3, close), end]
    yield "OPTIONS *", [head(target, who, "OPTIONS * HTTP/1.1", close), end]
    yield "CONNECT", [head(target, who, "CONNECT 127.0.0.1:1 HTTP/1.1", close), end]
    yield "TRACE", [head(target, who, "TRACE / HTTP/1.1", close), end]
    yield "a method of its own", [head(target, who, "BREW /api/health HTTP/1.1", close), end]
    yield "an upgrade", [head(target, who, get, "Upgrade: h2c", "Connection: Upgrade, close"), end]
    yield (
        "a range",
        [head(target, who, "GET / HTTP/1.1", "Range: bytes=" + "0-0," * 2000 + "0-0", close), end],
    )
    yield "a range of bytes", [head(target, who, "GET / HTTP/1.1", "Range: bytes=9999999999-1", close), end]


def test_heads_that_no_client_sends(target: Target, who: str) -> None:
    for name, parts in heads(target, who):
        status = told(target, who, "odd heads", parts)
        assert status is not None, name


def test_bodies_that_do_not_end(target: Target, who: str) -> None:
    def endless() -> Iterator[bytes]:
        yield head(target, who, "POST /graphql HTTP/1.1", "Transfer-Encoding: chunked") + b"\r\n"
        for _ in range(2000):
            yield b"10000\r\n" + bytes(0x10000) + b"\r\n"

    def large(path: str, length: int) -> Iterator[bytes]:
        yield head(target, who, f"PUT {path} HTTP/1.1", f"Content-Length: {length}") + b"\r\n"
        for _ in range(2000):
            yield bytes(0x10000)

    segment = "/api/runs/run-quiet/segments/0-0a1b2c3d/999"
    for parts in (endless(), large("/graphql", 10**9), large(segment, 10**9), large(segment, 10**400)):
        assert told(target, who, "endless bodies", parts) in (None, 401, 403, 413, 400, 405)
    target.check()


def test_bodies_that_unpack_to_more_are_not_unpacked(target: Target, who: str) -> None:
    bomb = gzip.compress(json.dumps({"query": "{ runs { id } }", "x": "a" * 10**8}).encode(), 1)
    for path in ("/graphql", "/api/runs/run-quiet/segments/known"):
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        answer = target.request(who, "packed bodies", "POST", path, content=bomb, headers=headers)
        assert answer.status_code in (400, 401, 403, 422)
    target.check()


def test_slow_clients_hold_nobody_up(target: Target, who: str) -> None:
    """They are ended after seconds (tests/server/test_limits.py); others are answered until then."""
    with ExitStack() as stack:
        for at in range(60 if TIMES == 1 else 250):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", target.port), 30))
            begun = head(target, who, "POST /graphql HTTP/1.1", "Content-Length: 1000")
            client.sendall((begun[:20], begun, begun + b"\r\n", begun + b"\r\n{")[at % 4])
        for _ in range(5):
            began = time.monotonic()
            target.request(who, "beside slow clients", "GET", "/api/health")
            assert time.monotonic() - began < LATEST


def test_connections_beyond_what_is_served_are_told_to_come_again(target: Target) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_CONNECTIONS + 20):
            stack.enter_context(socket.create_connection(("127.0.0.1", target.port), 30))
        time.sleep(0.2)
        request = head(target, "nobody", "GET /api/health HTTP/1.1") + b"\r\n"
        assert told(target, "nobody", "a flood of connections", [request]) == 503
    deadline = time.monotonic() + 30
    while told(target, "nobody", "a flood of connections", [request]) != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def opened(target: Target, who: str) -> ClientConnection:
    return connect(
        f"ws://127.0.0.1:{target.port}/graphql", additional_headers=target.headers[who], proxy=None,
        subprotocols=["graphql-transport-ws"], max_size=None, open_timeout=30,  # pyright: ignore
    )  # fmt: skip


def test_a_flood_of_sockets(target: Target, who: str) -> None:
    count = TABLE.setdefault(f"a flood of sockets, {who}", Counter())
    with ExitStack() as stack:
        for _ in range(MOST_SOCKETS + 20):
            try:
                stack.enter_context(opened(target, who))
                count["open"] += 1
            except WebSocketException:
                count["refused"] += 1
        target.request(who, "beside a flood of sockets", "GET", "/api/health")
    assert count["open"] == (0 if who == "nobody" else MOST_SOCKETS)
    target.check()


def test_a_flood_of_messages(target: Target, who: str) -> None:
    if who == "nobody":
        with pytest.raises(WebSocketException):
            opened(target, who)
        return
    asked = {"query": "subscription { events { kind } }"}
    said = [
        ['{"type": "ping"}'] * 300 * min(TIMES, 20),
        ["x" * (2**20 + 1)],  # packed, it is a kilobyte
        [b"\0" * 1000] * 3,
        [json.dumps({"type": "subscribe", "id": str(n), "payload": asked}) for n in range(60)],
    ]
    for messages in said:
        with suppress(WebSocketException), opened(target, who) as socket_:
            socket_.send('{"type": "connection_init"}')
            for message in messages:
                socket_.send(message)
            with suppress(TimeoutError):
                while True:
                    answer = str(socket_.recv(timeout=0.3))
                    assert "Traceback" not in answer
        target.request(who, "beside floods of messages", "GET", "/api/health")
