"""What a table of timings must name: machine, versions, threads, date."""

from __future__ import annotations

import os
import platform
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convlet.bench.providers import Provider


def describe(providers: list[Provider], threads: int) -> list[str]:
    """Return lines naming the processor, software versions, thread count and date."""
    from convlet._cext import runtime

    versions = {
        provider.name.split()[0]: provider.version
        for provider in providers
        if provider.role == "peer" or provider is providers[0]
    }
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return [
        f"Processor  {processor()}",
        f"Kernels    {runtime.isa()}, float32",
        f"Threads    {threads} for every candidate",
        f"Versions   {named}, Python {platform.python_version()}",
        f"System     {platform.system()} {platform.machine()}{_policy()}",
        f"Date       {time.strftime('%Y-%m-%d')}",
    ]


def _policy() -> str:
    """How the process is scheduled, where that is not as usual."""
    if not hasattr(os, "sched_getscheduler") or os.sched_getscheduler(0) == os.SCHED_OTHER:
        return ""
    names = {os.SCHED_FIFO: "real time, FIFO", os.SCHED_RR: "real time, round robin"}
    return f", scheduled: {names.get(os.sched_getscheduler(0), 'not as usual')}"


def processor() -> str:
    """Return the processor's name as the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
