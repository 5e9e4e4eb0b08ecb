"""Users who signed in at a proxy, which names them in a header.

Whoever can send the header is whoever they like. So it counts only on connections from the proxy's own
address; elsewhere it is ignored. What other headers say of addresses (`X-Forwarded-For`) is never believed.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

from chroma.errors import ConfigError, RefusedError
from chroma.server.store.members import is_name, normal
from chroma.settings import Settings


class SignedIn:
    """Reads who signed in.

    Args:
        header: Its name.
        networks: The proxy's addresses.
    """

    def __init__(self, header: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> None:
        self._header = header
        self._name = header.lower().encode()
        self._networks = networks

    @classmethod
    def of(cls, settings: Settings, token: str | None) -> SignedIn | None:
        """As settings say; None where no proxy signs users in.

        Raises:
            ConfigError: The settings let anybody be any user.
        """
        header, networks = settings.proxy_user_header, settings.proxy_networks
        if header is None:
            if networks:
                raise ConfigError(
                    f"CHROMA_TRUSTED_PROXY={settings.trusted_proxy!r} names a proxy, but not the header in "
                    "which it names the user; set CHROMA_PROXY_USER_HEADER too, such as X-Forwarded-Email"
                )
            return None
        if not networks:
            raise ConfigError(
                f"CHROMA_PROXY_USER_HEADER={header!r} would let everybody who sends this header be any user; "
                "set CHROMA_TRUSTED_PROXY to the addresses of the proxy, whose header alone then counts"
            )
        if token is None:
            raise ConfigError(
                f"CHROMA_PROXY_USER_HEADER={header!r} says who may do what, and without a token everybody "
                "may do everything; leave --no-token away, or the header"
            )
        return cls(header, networks)

    def user(self, scope: Scope) -> str | None:
        """The user whom the proxy names; None where it names none, or something else than the proxy asks.

        Raises:
            RefusedError: It names several, or none that there can be.
        """
        if not self._is_trusted(scope):
            return None
        found = [value for name, value in scope["headers"] if name == self._name]
        if not found or found == [b""]:
            return None
        if len(found) > 1:
            raise RefusedError(
                f"the header {self._header} came {len(found)} times, so nobody knows who asks; "
                "have the proxy remove those that it is sent"
            )
        try:
            user = normal(found[0].decode())
        except UnicodeDecodeError:
            user = ""
        if not is_name(user):
            raise RefusedError(
                f"the header {self._header} names no user, but {found[0][:50]!a}; "
                "have the proxy send one email address"
            )
        return user

    def _is_trusted(self, scope: Scope) -> bool:
        """Whether the other end of the connection is the proxy."""
        peer = scope.get("client")
        try:
            address = ip_address(peer[0] if peer else "")
        except ValueError:  # a socket of this machine
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)
