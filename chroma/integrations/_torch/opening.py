"""Opens the run of a captured call, and the session that its passes are recorded in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chroma.capture.call import CapturedCall
from chroma.capture.joined import numbered_name
from chroma.capture.session import CaptureSession
from chroma.integrations._torch.device_buffers import buffer_for, to_half
from chroma.integrations._torch.options import CaptureOptions
from chroma.integrations._torch.ranks import Rank
from chroma.run import Run


def open_run(
    call: CapturedCall,
    options: CaptureOptions,
    rank: Rank,
    *,
    framework: str,
    config: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> tuple[Run, CaptureSession]:
    """Open the run of a call.

    Args:
        call: What is captured; its `run` and `silent` are set.
        options: What the user asked for.
        rank: This process among those that train together, and the run they write to.
        framework: What trains, as in "lightning 2.6.6".
        config: Hyperparameters.
        name: Name of the run, where the options give none.
    """
    known: dict[str, Any] = {**options.run(), "run_id": rank.run_id}
    known["name"] = numbered_name(options.project, options.name or name, rank.run_id)
    run = call.run = Run(
        **known,
        config=config,
        framework=framework,
        writer_id=rank.writer_id,
        guard=call.guard,
    )
    call.silent = options.silent or rank.writer_id.rank > 0
    rank.say(run.recording.tally)
    run.recording.to_half = to_half
    options.watch(run.recording, processes=rank.writer_id.world_size, rank=rank.writer_id.rank)
    session = CaptureSession(
        run.recording,
        max_samples=options.max_samples,
        log_inputs=options.log_inputs,
        make_buffer=buffer_for,
        processes=rank.writer_id.world_size,
    )
    return run, session
