"""How long runs take."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable

_WARM_UP_SECONDS = 0.2
_DEFAULT_SECONDS = 2.0


@dataclasses.dataclass(frozen=True)
class Timing:
    """Times of single runs, in milliseconds. Minima are what the machine can do when nothing disturbs it."""

    runs: int
    minimum_ms: float
    median_ms: float
    mean_ms: float

    def __str__(self) -> str:
        return (
            f"{self.runs} runs: minimum {self.minimum_ms:.4f} ms, median {self.median_ms:.4f} ms, mean {self.mean_ms:.4f} ms"
        )


def measure(run: Callable[[], object], runs: int | None) -> Timing:
    """Times `run`, after warm-up runs: `runs` times, or for about two seconds."""
    _repeat(run, None, _WARM_UP_SECONDS)
    times = _repeat(run, runs, _DEFAULT_SECONDS)
    return Timing(
        runs=len(times),
        minimum_ms=min(times) / 1e6,
        median_ms=statistics.median(times) / 1e6,
        mean_ms=statistics.fmean(times) / 1e6,
    )


def _repeat(run: Callable[[], object], runs: int | None, seconds: float) -> list[int]:
    """The times of `runs` runs, or of those within `seconds` (at least one), in nanoseconds."""
    times: list[int] = []
    clock = time.perf_counter_ns
    end = clock() + int(seconds * 1e9)
    begin = clock()
    while len(times) < runs if runs is not None else not times or begin < end:
        run()
        now = clock()
        times.append(now - begin)
        begin = clock()
    return times
