"""The catalog's migrations."""
