"""Every `CHROMA_*` setting, in one place."""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chroma.errors import ConfigError

# A scheme, a host and perhaps a port: RFC 6454
ORIGIN = r"[a-z][a-z0-9+.-]*://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?"
# Headers that say something else, and that a client may send through a proxy
_OTHER_HEADERS = (
    *("authorization", "cookie", "host", "origin", "forwarded", "x-forwarded-for", "x-forwarded-host"),
    *("x-forwarded-proto", "x-chroma-session", "x-chroma-fresh", "x-request-id", "user-agent", "accept"),
)
_SECRETS = ("webhook", "token", "database_url", "store_url")  # values that no message shows


class Settings(BaseSettings):
    """Settings of one process, read from `CHROMA_*` environment variables.

    There is no global instance: each entry point makes its own with `load_settings`.
    """

    # an empty variable is none: Compose files hand on what is not set as such, and an empty CHROMA_HOME would
    # be the working folder
    model_config = SettingsConfigDict(
        env_prefix="CHROMA_", env_ignore_empty=True, frozen=True, extra="ignore", validate_default=True
    )

    home: Path = Field(
        default=Path("~/.chroma"),
        description="Folder of the journal, the catalog and the store.",
    )
    run_id: str | None = Field(
        default=None, description="Id of the run to write to; the same id continues a run as a new attempt."
    )
    strict: bool = Field(
        default=False, description="Raise Chroma's own errors instead of warning once (for tests)."
    )
    exit_timeout: float = Field(
        default=30.0,
        gt=0,
        description="Longest wait in seconds at exit for captured samples to be written, and sent.",
    )

    queue_bytes: int = Field(
        default=512 * 2**20,
        gt=0,
        description="Most bytes that may wait for the journal; what does not fit is dropped and counted.",
    )

    max_disk: int = Field(
        default=20 * 10**9,
        gt=0,
        description="Most bytes the home may hold; then capture stops, says so, and training goes on.",
    )
    disk_warning: int | None = Field(
        default=None,
        ge=0,
        examples=[2 * 10**9],
        description="Bytes of room on a disk below which Chroma warns before it is full; by default 5 % of "
        "the disk or 2 GB, whichever is less.",
    )
    server: str | None = Field(
        default=None,
        description="Address of a server that runs are sent to while they train: https://host/prefix.",
    )
    token: SecretStr | None = Field(
        default=None, description="What that server asks for; better in a file, see CHROMA_TOKEN_FILE."
    )
    token_file: Path | None = Field(
        default=None, description="File that holds the token; it is read again at each use."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Address of a PostgreSQL database that holds the catalog, for a server that is shared: "
        "postgresql://user@host/name; by default an SQLite file in the home.",
    )
    store_url: str | None = Field(
        default=None,
        description="Where segments and films are kept, if not in the home: file:///folder, or a bucket that "
        "several servers share: s3://bucket/prefix, gs://bucket/prefix, abfs://container@account/prefix.",
    )
    cache_bytes: int = Field(
        default=20 * 10**9,
        gt=0,
        description="Most bytes of a bucket that a server keeps copies of in its home.",
    )
    scheduler: str | None = Field(
        default=None,
        description="Scheduler of a Dask cluster whose workers do the jobs of a server: tcp://host:8786; by "
        "default processes of its own do.",
    )
    public_url: str | None = Field(
        default=None,
        description="Address under which others reach the dashboard, which links carry: https://host/prefix.",
    )
    root_path: str = Field(
        default="",
        description="Prefix under which a proxy shows the dashboard: /user/me/proxy/{port}.",
    )
    allow_host: str = Field(
        default="",
        description="Names, separated by commas, under which a proxy shows the dashboard: hub.example.org.",
    )
    allow_frame: str = Field(
        default="",
        description="Origins, separated by commas, whose pages may show the dashboard in a frame; "
        "a notebook that has the token needs none: http://localhost:8888.",
    )
    proxy_user_header: str | None = Field(
        default=None,
        description="Header in which a proxy names the user who signed in at it: X-Forwarded-Email; "
        "needs CHROMA_TRUSTED_PROXY.",
    )
    trusted_proxy: str = Field(
        default="",
        description="Addresses and networks of that proxy, separated by commas: 10.0.0.5, 172.18.0.0/16; "
        "the header of others is ignored.",
    )
    webhook: SecretStr | None = Field(
        default=None,
        description="Address of a chat that a dashboard sends events of runs to, as a JSON body with `text`.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="How a server and its workers log: text, or json, with a line for each request, too.",
    )
    probe_bytes: int = Field(
        default=10**9,
        gt=0,
        description="Most bytes of inputs kept in memory for each probe set that is evaluated separately.",
    )

    workers: int = Field(
        default_factory=lambda: max(1, (os.cpu_count() or 2) - 1),
        ge=1,
        description="Processes that place the samples of large films (more than 50,000 samples).",
    )

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        try:
            return home.expanduser().absolute()
        except RuntimeError:  # no HOME and no entry in the password database, or ~ of an unknown user
            raise ValueError("the folder that ~ stands for is not known") from None
        except OSError as error:  # a relative path, and the working folder is gone
            raise ValueError(f"the working folder cannot be read ({error})") from None

    @field_validator("root_path")
    @classmethod
    def _prefix(cls, given: str) -> str:
        prefix = given.rstrip("/")
        if prefix and not re.fullmatch(r"(/[\w.~{}%@+-]+)+", prefix, re.ASCII):
            raise ValueError("it is a path such as /user/me/proxy/8000, without a host or a query")
        return prefix

    @field_validator("server", "public_url")
    @classmethod
    def _server(cls, given: str | None) -> str | None:
        if given and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", given):
            raise ValueError("it is no http or https address such as https://chroma.example.org/prefix")
        return given.rstrip("/") if given else None

    @field_validator("database_url")
    @classmethod
    def _database(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and not re.match(r"postgres(ql)?://", given.get_secret_value()):
            raise ValueError("it is no address such as postgresql://user@host/name")
        return given

    @field_validator("store_url")
    @classmethod
    def _store(cls, given: str | None) -> str | None:
        if given is not None and not re.match(r"file:///.|(s3|gs|abfss?)://[^/]", given):
            raise ValueError(
                "it is no address of a folder such as file:///srv/chroma, or of a bucket such as "
                "s3://bucket/prefix"
            )
        return given

    @field_validator("scheduler")
    @classmethod
    def _scheduler(cls, given: str | None) -> str | None:
        if given and not re.fullmatch(
            r"(tcp|tls|wss?)://[^\s/:@]+:\d{1,5}|(tcp|tls)://\[[0-9a-f:]+\]:\d{1,5}", given
        ):
            raise ValueError("it is no address of a Dask scheduler such as tcp://host:8786")
        return given or None

    @field_validator("webhook")
    @classmethod
    def _address(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and not re.fullmatch(r"https?://[^\s/]+\S*", given.get_secret_value()):
            raise ValueError("it is no http or https address")
        return given

    @field_validator("allow_host")
    @classmethod
    def _names(cls, given: str) -> str:
        for name in filter(None, (each.strip() for each in given.split(","))):
            if not re.fullmatch(r"[a-z0-9.-]+(:\d+)?", name, re.IGNORECASE):
                raise ValueError(f"{name!r} is not a host name; give names such as hub.example.org")
        return given

    @field_validator("proxy_user_header")
    @classmethod
    def _header(cls, given: str | None) -> str | None:
        if given and (not re.fullmatch(r"[A-Za-z0-9-]+", given) or given.lower() in _OTHER_HEADERS):
            raise ValueError("it is no header in which a proxy names a user, such as X-Forwarded-Email")
        return given or None

    @field_validator("trusted_proxy")
    @classmethod
    def _networks(cls, given: str) -> str:
        for name in filter(None, (each.strip() for each in given.split(","))):
            try:
                everybody = ip_network(name).prefixlen == 0
            except ValueError:
                raise ValueError(
                    f"{name!r} is no address or network; give such as 10.0.0.5 or 172.18.0.0/16"
                ) from None
            if everybody:
                raise ValueError(f"{name!r} is everybody, who could then name any user; name the proxy alone")
        return given

    @field_validator("allow_frame")
    @classmethod
    def _origins(cls, given: str) -> str:
        for origin in filter(None, (each.strip() for each in given.split(","))):
            if not re.fullmatch(ORIGIN, origin, re.ASCII | re.IGNORECASE):
                raise ValueError(f"{origin!r} is no origin; give origins such as http://localhost:8888")
        return given

    @property
    def framing_origins(self) -> tuple[str, ...]:
        """The origins of `allow_frame`."""
        return tuple(origin.strip() for origin in self.allow_frame.split(",") if origin.strip())

    @property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The addresses of `trusted_proxy`."""
        return tuple(ip_network(name.strip()) for name in self.trusted_proxy.split(",") if name.strip())

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The names of `allow_host`, and that of `public_url`, in lower case."""
        named = [*self.allow_host.split(","), urlsplit(self.public_url or "").netloc]
        return frozenset(name.strip().lower() for name in named if name.strip())

    @property
    def journal(self) -> Path:
        """Folder of segments not yet ingested."""
        return self.home / "journal"

    @property
    def outbox(self) -> Path:
        """Folder of segments that wait for the server."""
        return self.home / "outbox"

    @property
    def captured(self) -> Path:
        """Folder that trainings write segments to: the journal, or the outbox where there is a server."""
        return self.outbox if self.server else self.journal

    @property
    def store(self) -> Path:
        """Folder of ingested segments, neighbor graphs and films; of a bucket, that of their copies."""
        if self.store_url is None:
            return self.home / "store"
        if self.bucket_url is not None:
            return self.home / "bucket"
        from urllib.request import url2pathname  # slow to import, and a server alone needs it

        return Path(url2pathname(self.store_url.removeprefix("file://")))

    @property
    def bucket_url(self) -> str | None:
        """The store's address, where it is a bucket."""
        return None if self.store_url is None or self.store_url.startswith("file:") else self.store_url

    def without_places(self, text: str) -> str:
        """A sentence for people elsewhere: folders of this machine by the names of the settings."""
        for place, name in ((self.home, "CHROMA_HOME"), (self.store, "CHROMA_STORE_URL")):
            text = text.replace(str(place), name)
        return text

    def stores(self) -> dict[str, str]:
        """The variables by which another process finds the catalog and the store that are not in the home."""
        url = self.database_url.get_secret_value() if self.database_url else None
        given = {"CHROMA_DATABASE_URL": url, "CHROMA_STORE_URL": self.store_url}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def catalog(self) -> Path:
        """File of the SQLite catalog, where there is no database."""
        return self.home / "chroma.db"


def load_settings(**given: Any) -> Settings:
    """Read the settings, `given` values first, environment variables next.

    Args:
        **given: Values that win over the environment; `None` means not given.

    Raises:
        ConfigError: A value cannot be used; the sentence names the setting, the value and the reason.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = "CHROMA_" + "_".join(str(part) for part in first["loc"]).upper()
        reason = str(first["msg"]).removeprefix("Value error, ")
        value = "…" if first["loc"][0] in _SECRETS else str(first["input"])  # secrets
        remedy = _example(str(first["loc"][0])) if first["type"] != "value_error" else "another value"
        raise ConfigError(
            f"{name}={value!r} cannot be used: {reason}; set it to {remedy}, or leave it out"
        ) from None


def _example(name: str) -> str:
    """What a setting may be, where its own rules do not say it."""
    field = Settings.model_fields[name]
    examples = field.examples or [field.get_default(call_default_factory=True, validated_data={})]
    return f"one such as {int(examples[0]) if isinstance(examples[0], bool) else examples[0]}"


def server_token() -> str | None:
    """The token for `CHROMA_SERVER`, as it is now: whoever renews it need not start anything again.

    Raises:
        ConfigError: The file that holds it cannot be read.
    """
    settings = load_settings()
    if settings.token_file is not None:
        try:
            return settings.token_file.expanduser().read_text(encoding="utf-8").strip() or None
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"the token file CHROMA_TOKEN_FILE={settings.token_file} cannot be read ({error}); "
                "write the token of the server to it"
            ) from error
    return settings.token.get_secret_value() if settings.token else None
