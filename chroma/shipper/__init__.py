"""Sends segments from the outbox to a server, while training goes on and afterwards."""

from __future__ import annotations

from chroma.shipper.shipper import Shipment, Shipper, abandon_all, longest_wait, wait_for_all

__all__ = ["Shipment", "Shipper", "abandon_all", "longest_wait", "wait_for_all"]
