"""Fixtures that the tests of projection and insight share."""

from tests.projection.conftest import digits

__all__ = ["digits"]
