"""How many processors this process may use."""

from __future__ import annotations

import math
import os


def usable_cpus() -> int:
    """The processors in the affinity mask, or fewer if a container's quota allows fewer."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        count = os.cpu_count() or 1
    quota = _cgroup_quota()
    return max(1, count if quota is None else min(count, math.ceil(quota)))


def _cgroup_quota() -> float | None:
    """The tightest CPU quota, in processors, of the control groups around this process."""
    quotas = []
    for directory in _cgroup_directories():
        unified = _read_words(f"{directory}/cpu.max")
        if len(unified) == 2:
            quotas.append(_ratio(*unified))
        legacy = _read_words(f"{directory}/cpu.cfs_quota_us")
        quotas += [
            _ratio(a, b) for a in legacy for b in _read_words(f"{directory}/cpu.cfs_period_us")
        ]
    return min((quota for quota in quotas if quota is not None), default=None)


def _cgroup_directories() -> list[str]:
    """This process's control groups, each followed by those that contain it."""
    directories = []
    for line in _read_lines("/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = f"/sys/fs/cgroup/{controllers}".rstrip("/")
        parts = [part for part in path.split("/") if part]
        directories += ["/".join([root, *parts[:n]]) for n in range(len(parts), -1, -1)]
    return directories


def _ratio(quota: str, period: str) -> float | None:
    try:
        processors = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # "max": no limit
        return None
    return processors if processors > 0 else None


def _read_words(path: str) -> list[str]:
    lines = _read_lines(path)
    return lines[0].split() if lines else []


def _read_lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()
    except (OSError, UnicodeDecodeError):
        return []
