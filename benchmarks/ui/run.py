"""Our renderer beside bare regl-scatterplot, in one Chromium: what drawing costs the processor.

make bench-ui

Milliseconds of processor time (page + GPU process; without a graphics card Chromium draws on the processor),
the median of several rounds, each renderer in a fresh page, in turns. `heap` is what the page holds besides
the input, JavaScript objects and array buffers, in MB. Both draw antialiased discs of equal size.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import statistics
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.e2e.stage import CHROMIUM, FLAGS

HERE = Path(__file__).parent
RENDERERS = ("ours", "regl")
MEASURES = ("open", "frame", "recolour", "lasso", "transition", "heap")
FRAMES = 5


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


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


def measure(browser: Browser, address: str, renderer: str, n: int) -> dict[str, float]:
    """All measures of one renderer in one fresh page."""
    system = browser.new_browser_cdp_session()
    page = browser.new_page(viewport={"width": 1100, "height": 800})
    page.set_default_timeout(300_000)
    page.goto(f"{address}/index.html?renderer={renderer}&n={n}")
    page.wait_for_function("window.bench")
    empty = heap_mb(page)
    found: dict[str, float] = {}

    def cost(name: str, script: str, times: int = 1) -> Any:
        before = processor_ms(system)
        result = page.evaluate(f"(async () => {{ {script} }})()")
        found[name] = (processor_ms(system) - before) / times
        return result

    cost("open", "await bench.open()")
    cost("frame", f"for (let i = 0; i < {FRAMES}; i++) await bench.frame(i)", FRAMES)
    cost("recolour", "await bench.recolour()")
    chosen = cost("lasso", "return await bench.lasso()")
    assert 0.05 * n < chosen < 0.5 * n, chosen
    cost("transition", "await bench.transition()")
    found["heap"] = max(0.0, heap_mb(page) - empty)
    page.close()
    return found


def main() -> None:
    """Print a table for each number of points."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    serve = functools.partial(Quiet, directory=str(HERE / "dist"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            print(f"{'points':>10} {'renderer':<8}" + "".join(f"{name:>12}" for name in MEASURES))
            for n in options.points:
                rounds: dict[str, list[dict[str, float]]] = {name: [] for name in RENDERERS}
                for _ in range(options.rounds):
                    for name in RENDERERS:
                        rounds[name].append(measure(browser, address, name, n))
                median = {
                    name: {key: statistics.median(one[key] for one in all_) for key in MEASURES}
                    for name, all_ in rounds.items()
                }
                for name in RENDERERS:
                    figures = "".join(f"{median[name][key]:>12,.1f}" for key in MEASURES)
                    print(f"{n:>10,} {name:<8}{figures}")
                ratios = (median["ours"][key] / max(median["regl"][key], 1e-9) for key in MEASURES)
                print(f"{'':>10} {'ratio':<8}" + "".join(f"{ratio:>12.2f}" for ratio in ratios), flush=True)
        finally:
            browser.close()
            server.shutdown()


if __name__ == "__main__":
    main()
