"""What tables say of the machine."""

import os

import pytest

from convlet.bench import machine
from convlet.bench.providers import Numpy


def system_line():
    (line,) = [line for line in machine.describe([Numpy()], 1) if line.startswith("System")]
    return line


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="a system without policies")
def test_scheduling_is_named_where_it_is_not_as_usual(monkeypatch):
    monkeypatch.setattr(os, "sched_getscheduler", lambda pid: os.SCHED_OTHER)
    assert "scheduled" not in system_line()
    for policy, words in (
        (os.SCHED_RR, "round robin"),
        (os.SCHED_FIFO, "FIFO"),
        (os.SCHED_BATCH, "not as usual"),
    ):
        monkeypatch.setattr(os, "sched_getscheduler", lambda pid, policy=policy: policy)
        assert system_line().endswith(words)
