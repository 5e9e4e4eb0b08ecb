"""Our renderer beside regl-scatterplot, plotly and the TensorBoard projector, in one Chromium.

make bench-ui

`ours` is what the dashboard does on a machine without a graphics card: it draws with the processor. `webgl`
is what it does on one with a card, played by the processor here as the WebGL of regl and plotly. `ink` is
the share of the page's pixels that bear points, in percent: a renderer that draws less than others shows.

Milliseconds of processor time (page + GPU process; without a graphics card Chromium draws on the processor),
the median of several rounds, each renderer in a fresh page, in turns. `open` runs from navigation until all
points stand on the canvas: script, transfer, drawing. `heap` is what the page holds besides the points as
they came, JavaScript objects and array buffers, in MB. All draw antialiased discs of equal size; regl, plotly
and ours get the same bytes. plotly animates nothing and has no lasso for programs. The projector ships
vectors, four numbers a point, and runs PCA in the browser: only what a user waits for can be compared. `-` is
what a renderer does not offer, `late` what took longer than the limit.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import os
import shutil
import statistics
import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from benchmarks.ui.projector import MOST_POINTS, projector, wait_until_drawn
from tests.e2e.stage import FLAGS

HERE = Path(__file__).parent
RENDERERS = ("ours", "webgl", "regl", "plotly")
PEERS = ("regl", "plotly")
MEASURES = ("open", "frame", "recolour", "lasso", "transition", "heap", "ink")
FRAMES = 5
CLASSES = 10
LATE = float("inf")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def clusters(n: int, seed: int) -> np.ndarray:
    """N points in ten round clusters: x, y, class, another class, each u16."""
    rng = np.random.default_rng(seed)
    classes = np.arange(n) % CLASSES
    turn = classes / CLASSES * 2 * np.pi + seed
    spread = (rng.random((2, n, 3)).sum(axis=2) - 1.5) * 9000
    xy = 32767 + 22000 * np.stack([np.cos(turn), np.sin(turn)]) + spread
    return np.stack([*np.clip(xy, 0, 65534), classes, rng.integers(0, CLASSES, n)]).astype("<u2")


def processor_ms(system: CDPSession) -> float:
    """Processor time of all of Chromium's pages and of its GPU process so far."""
    processes = system.send("SystemInfo.getProcessInfo")["processInfo"]
    return 1000 * sum(entry["cpuTime"] for entry in processes if entry["type"] in ("renderer", "GPU"))


def heap_mb(page: Page) -> float:
    """Objects and array buffers that the page holds after a collection, in MB."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    session.detach()
    return (usage["usedSize"] + usage.get("backingStorageSize", 0)) / 1e6


def ink(page: Page) -> float:
    """Share of the page's pixels that are not of the ground's colour, in percent."""
    picture = np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB")).astype(int)
    return 100 * float((np.abs(picture - picture[2, 2]).max(axis=2) > 12).mean())


def measure(browser: Browser, address: str, renderer: str, n: int, limit: float) -> dict[str, float]:
    """All measures of one renderer in one fresh page; what it does not offer is left out."""
    system = browser.new_browser_cdp_session()
    page = browser.new_page(viewport={"width": 1100, "height": 800})
    page.set_default_timeout(limit * 1000)
    page.goto(f"{address}/empty.html")
    empty = heap_mb(page)
    found: dict[str, float] = {}

    def cost(name: str, script: str, times: int = 1) -> Any:
        before = processor_ms(system)
        found[name] = LATE
        result = page.evaluate(f"(async () => {{ {script} }})()")
        found[name] = (processor_ms(system) - before) / times
        return result

    try:
        before = processor_ms(system)
        found["open"] = LATE
        page.goto(f"{address}/index.html?renderer={renderer}&n={n}")
        page.wait_for_function("window.opened")
        found["open"] = processor_ms(system) - before
        found["ink"] = ink(page)
        assert found["ink"] > 2, f"{renderer} draws nothing"
        cost("frame", f"for (let i = 0; i < {FRAMES}; i++) await bench.frame(i)", FRAMES)
        cost("recolour", "await bench.recolour()")
        if page.evaluate("bench.lasso !== null"):
            chosen = cost("lasso", "return await bench.lasso()")
            assert 0.05 * n < chosen < 0.5 * n, chosen
        page.evaluate("bench.prepare()")
        if page.evaluate("bench.transition !== null"):
            cost("transition", "await bench.transition()")
        points = 2 * 4 * 2 * n / 1e6  # two clouds of four u16 columns
        found["heap"] = max(0.0, heap_mb(page) - empty - points)
    except PlaywrightError as error:
        if "Timeout" not in str(error):
            raise
    finally:
        page.close()
    return found


def measure_projector(browser: Browser, address: str, n: int, limit: float) -> dict[str, float]:
    """How long the TensorBoard projector takes until it has drawn n vectors."""
    system = browser.new_browser_cdp_session()
    page = browser.new_page(viewport={"width": 1100, "height": 800})
    page.goto("about:blank")
    before, empty = processor_ms(system), heap_mb(page)
    try:
        wait_until_drawn(page, address, n, limit)
        return {"open": processor_ms(system) - before, "heap": heap_mb(page) - empty}
    except PlaywrightError as error:
        if "Timeout" not in str(error):
            raise
        return {"open": LATE}
    finally:
        page.close()


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median of each measure that every round has."""
    return {
        name: statistics.median(one[name] for one in rounds)
        for name in MEASURES
        if all(name in one for one in rounds)
    }


def say(n: int, name: str, found: dict[str, float], digits: int = 1) -> None:
    """Print a row of the table."""
    row = f"{n:>10,} {name:<12}"
    for measure_ in MEASURES:
        value = found.get(measure_)
        row += (
            f"{'-':>12}" if value is None else f"{'late':>12}" if value == LATE else f"{value:>12,.{digits}f}"
        )
    print(row, flush=True)


def main() -> None:
    """Print a table for each number of points."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=120, help="seconds for one measure (default 120)")
    parser.add_argument("--renderers", nargs="+", default=[*RENDERERS, "tensorboard"])
    options = parser.parse_args()
    folder = HERE / "dist"
    (folder / "empty.html").write_text("<!doctype html><title>empty</title>", encoding="utf-8")
    for n in options.points:
        for seed in (1, 2):
            clusters(n, seed).tofile(folder / f"points-{n}-{seed}.bin")
    serve = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    pages = [name for name in RENDERERS if name in options.renderers]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which(os.environ.get("CHROMIUM", "chromium")), args=FLAGS
        )
        try:
            print(f"{'points':>10} {'renderer':<12}" + "".join(f"{name:>12}" for name in MEASURES))
            for n in options.points:
                rounds: dict[str, list[dict[str, float]]] = {name: [] for name in pages}
                for _ in range(options.rounds):
                    for name in pages:
                        rounds[name].append(measure(browser, address, name, n, options.limit))
                median = {name: medians(found) for name, found in rounds.items()}
                for name in pages:
                    say(n, name, median[name])
                if "tensorboard" in options.renderers and n <= MOST_POINTS:
                    with projector(clusters(n, 1)) as shown:
                        say(n, "tensorboard", measure_projector(browser, shown, n, options.limit))
                for ours in [name for name in pages if name not in PEERS]:
                    for name in [name for name in pages if name in PEERS]:
                        both = [key for key in MEASURES if median[name].get(key, LATE) != LATE]
                        ratios = {key: median[ours][key] / max(median[name][key], 1e-9) for key in both}
                        say(n, f"{ours}/{name}", ratios, digits=2)
        finally:
            browser.close()
            server.shutdown()


if __name__ == "__main__":
    main()
