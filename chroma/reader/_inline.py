"""The dashboard inside a notebook: an inline frame that finds its server and follows the notebook's shade."""

from __future__ import annotations

import json
import secrets

_HEIGHT = 720  # CSS pixels

# Browsers keep the storage of frames by the page's own site, and localhost and 127.0.0.1 are two: the frame
# takes the name that the notebook's page has. Behind a proxy it takes the page's whole origin. Elsewhere (an
# editor's own web view) the address is used as it is. The server allows the pages around the frame by name.
# JupyterLab and Notebook 7 say on the body whether they are light; a frame's `prefers-color-scheme` follows
# the `color-scheme` of its element (CSS Color Adjustment 1, §2.2).
_SCRIPT = """(() => {
  const { address, port, prefix, query } = PLACE;
  const frame = document.getElementById(ID);
  const here = window.location;
  const near = ["localhost", "127.0.0.1"].includes(here.hostname);
  const around = [here.origin, ...(here.ancestorOrigins ?? [])];
  const framed = query.startsWith("?token=")
    ? [...new Set(around)].map((origin) => `&framed-by=${encodeURIComponent(origin)}`).join("")
    : "";
  const proxied = prefix && here.protocol.startsWith("http");
  const direct = near ? `http://${here.hostname}:${port}/${query}` : address;
  frame.src = (proxied ? `${here.origin}${prefix}/${query}` : direct) + framed;
  const shade = () => {
    const light = document.body.dataset.jpThemeLight;
    frame.style.colorScheme = light === undefined ? "" : light === "true" ? "light" : "dark";
  };
  shade();
  new MutationObserver(shade).observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
})();"""


def inline_frame(address: str, port: int | None, prefix: str, query: str) -> str:
    """The frame's HTML.

    Args:
        address: Of the dashboard, for pages that are not on this machine's loopback.
        port: Where it listens.
        prefix: Under which a proxy shows it; empty for none.
        query: Token and run: `?token=…&run=…`, or empty.
    """
    name = f"chroma-{secrets.token_hex(4)}"
    place = json.dumps({"address": address, "port": port, "prefix": prefix, "query": query})
    # the name first: what people wrote may hold the words that are replaced
    script = _SCRIPT.replace("ID", json.dumps(name), 1).replace("PLACE", place.replace("<", "\\u003c"), 1)
    style = f"width:100%;height:{_HEIGHT}px;border:0"
    allowed = "clipboard-write; fullscreen"
    frame = f'<iframe id="{name}" title="Chroma" style="{style}" allow="{allowed}"></iframe>'
    return f"{frame}<script>{script}</script>"
