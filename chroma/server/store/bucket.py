"""A bucket of an object store, by URL: S3, Google Cloud Storage or Azure, through `pyarrow.fs`."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from chroma.durable import durable
from chroma.errors import ConfigError, StoreError
from chroma.server.store.files import Stored

_PART = 2**20  # bytes of a file that are in memory while it is sent
_FETCHED = 2**24  # and while it is fetched: each part is a request
_CONNECT = 5.0  # seconds
_SILENCE = 15.0  # seconds without a byte after which a request is given up
_TRIES = 2  # of each request: a sender waits for 60 s, and tries again later
# Of what S3 takes in an address, as `pyarrow.fs.S3FileSystem` names it
_S3_OPTIONS = ("endpoint_override", "scheme", "region")


class Bucket:
    """Objects below a prefix of a bucket; an object is whole or not there. For any thread.

    Args:
        url: `s3://bucket/prefix?region=…`, `gs://bucket/prefix` or `abfs://container@account.dfs…/prefix`.

    Attributes:
        name: The URL for people, without what is secret in it.

    Raises:
        ConfigError: The URL cannot be understood.
    """

    def __init__(self, url: str) -> None:
        self.name = shown(url)
        try:
            self._files, self._root = _open(url)
        except (pa.ArrowException, OSError, ValueError, TypeError) as error:
            raise ConfigError(
                f"CHROMA_STORE_URL={self.name} cannot be used: {_brief(error)}; "
                "give an address such as s3://bucket/prefix?region=eu-west-1"
            ) from error

    def put(self, path: str, body: Path | bytes) -> None:
        """Write an object, in place of another one.

        Raises:
            StoreError: The store cannot be reached, or does not take it; what was there is as it was.
            OSError: The file cannot be read.
        """
        if isinstance(body, bytes):
            with self._reaching(), self._files.open_output_stream(self._at(path)) as stream:
                stream.write(body)
            return
        with body.open("rb", buffering=0) as file:  # opened first: its errors are not the store's
            with self._reaching():
                stream = self._files.open_output_stream(self._at(path))
            try:
                while part := file.read(_PART):
                    with self._reaching():
                        stream.write(part)
            except BaseException:
                with suppress(OSError, pa.ArrowException, StoreError):
                    stream.close()  # which ends a part of an object, too
                    self.remove(path)
                raise
            with self._reaching():
                stream.close()

    def get(self, path: str, target: Path) -> bool:
        """Copy an object into a file, whole or not at all; False where there is none.

        Raises:
            StoreError: The store cannot be reached.
            OSError: The file cannot be written.
        """
        try:
            with self._reaching():
                stream = self._files.open_input_file(self._at(path))
        except FileNotFoundError:
            return False
        with stream:
            part = self._read(stream)
            if not part:
                return False
            with durable(target, sync=False) as file:
                while part:
                    file.write(part)
                    part = self._read(stream)
        return True

    def find(self, path: str) -> Stored | None:
        """One object; None where there is none.

        Raises:
            StoreError: The store cannot be reached.
        """
        with self._reaching():
            found = self._files.get_file_info(self._at(path))
        return self._stored(found) if found.type == fs.FileType.File and found.size else None

    def below(self, folder: str) -> Iterator[Stored]:
        """All objects whose path begins with a folder.

        Raises:
            StoreError: The store cannot be reached.
        """
        with self._reaching():
            selector = fs.FileSelector(self._at(folder), recursive=True, allow_not_found=True)
            found = self._files.get_file_info(selector)
        return (self._stored(each) for each in found if each.type == fs.FileType.File and each.size)

    def remove(self, path: str) -> None:
        """Remove an object, if it is there.

        pyarrow puts an empty object in place of a folder that may have become empty. Where the store refuses
        that, the object is emptied instead: those of no bytes count as none.

        Raises:
            StoreError: The store cannot be reached.
        """
        if not self._knows_folders:
            if self.find(path) is not None:
                self.put(path, b"")
            return
        with suppress(FileNotFoundError), self._reaching():
            self._files.delete_file(self._at(path))

    @cached_property
    def _knows_folders(self) -> bool:
        """Whether an empty object may stand for a folder, as in Amazon's S3; `rclone serve s3` refuses it."""
        self.put("folders/probe", b"1")  # raises where the store cannot be reached at all
        try:
            self._files.create_dir(self._at("folders"), recursive=False)
        except (OSError, pa.ArrowException):
            return False
        return True

    def _read(self, stream: Any) -> bytes:
        with self._reaching():
            return stream.read(_FETCHED)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _stored(self, found: Any) -> Stored:
        path = str(found.path).removeprefix(f"{self._root}/")
        written = (found.mtime_ns or 0) / 1e9
        # of one that is just being written, some stores tell no time
        return Stored(path, int(found.size or 0), written if written > 0 else time.time())

    @contextmanager
    def _reaching(self) -> Generator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException) as error:
            raise StoreError(
                f"the store {self.name} does not answer as it should ({_brief(error)}); see whether it runs, "
                "has room, and takes the keys that it is given; it is tried again"
            ) from error


def shown(url: str) -> str:
    """A store's URL without the keys and options in it."""
    return re.sub(r"^(s3://)[^/@]*@", r"\1", url.partition("?")[0])


def _open(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path of its root in it."""
    if not url.startswith("s3://"):
        given: Any = fs.FileSystem.from_uri(url)
        return given[0], str(given[1]).rstrip("/")
    # The checksums that Amazon's client adds since 2025 come in chunks, which other stores refuse (411); the
    # bytes have digests of their own.
    os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    os.environ.setdefault("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
    parts = urlsplit(url)
    asked = parse_qs(parts.query, strict_parsing=bool(parts.query))
    options: dict[str, Any] = {name: values[-1] for name, values in asked.items()}
    if unknown := options.keys() - set(_S3_OPTIONS):
        raise ValueError(f"it has no option {min(unknown)}, only {', '.join(_S3_OPTIONS)}")
    account, _, bucket = parts.netloc.rpartition("@")
    key, _, secret = account.partition(":")
    if not bucket:
        raise ValueError("it names no bucket")
    if account:
        options |= {"access_key": unquote(key), "secret_key": unquote(secret)}
    retry: Any = fs.AwsStandardS3RetryStrategy(max_attempts=_TRIES)
    files: Any = fs.S3FileSystem(
        connect_timeout=_CONNECT,
        request_timeout=_SILENCE,
        allow_delayed_open=True,  # one request for a small object
        background_writes=False,  # of many that come at once, each would hold some parts
        retry_strategy=retry,
        **options,
    )
    return files, f"{bucket}{parts.path}".rstrip("/")


def _brief(error: BaseException) -> str:
    """What a client of a store says, in one line."""
    return re.sub(r"\s+", " ", str(error)).rstrip(". ")[:300] or type(error).__name__
