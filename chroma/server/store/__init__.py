"""The catalog (SQL) and the store (Arrow files): the only room that knows SQL."""
