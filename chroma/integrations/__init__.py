"""Translations of frameworks' events; each framework is imported in its own module only."""
