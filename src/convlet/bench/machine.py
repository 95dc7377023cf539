"""What a table of timings must name: machine, versions, threads, date."""

from __future__ import annotations

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
        f"System     {platform.system()} {platform.machine()}",
        f"Date       {time.strftime('%Y-%m-%d')}",
    ]


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
