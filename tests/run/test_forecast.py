"""What is said at the first batch."""

from __future__ import annotations

from chroma.run.forecast import forecast

WHY = "no classifier head: nothing tells the classes"
LAYERS = [
    ("fc:input", 24, f"{WHY}; this goes into the last layer with weights"),
    ("fc", 16, f"{WHY}; this comes out of the last layer with weights"),
]


def test_it_names_the_split_and_says_each_reason_once() -> None:
    text = forecast("brave-fox", LAYERS, n=100, of=200, size=2, snapshots=None, split="val")
    assert text.splitlines() == [
        "chroma · brave-fox · val: 100 of 200 samples",
        "  fc:input  [24], 4.8 kB per snapshot",
        f"    {WHY}; this goes into the last layer with weights",
        "  fc  [16], 3.2 kB per snapshot",
        "    this comes out of the last layer with weights",
    ]


def test_what_a_sampler_may_not_bring_is_not_promised() -> None:
    text = forecast("brave-fox", [], n=80, of=200, size=2, snapshots=None, split="val", at_most=True)
    assert text == "chroma · brave-fox · val: up to 80 of 200 samples"
    assert (
        forecast("brave-fox", [], n=0, of=0, size=2, snapshots=None, split="val")
        == "chroma · brave-fox · val"
    )
