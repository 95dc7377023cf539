"""The tables of results: which cases each has, who is timed, on how many threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from convlet.bench import suites
from convlet.bench.cases import Case


class Section(NamedTuple):
    """One table for each number of threads.

    `ways` are the other ways to call convlet that are timed too; each of `tables` is written with
    that one as "convlet".
    """

    title: str
    threads: tuple[int, ...]
    cases: Callable[[int], list[Case]]
    ways: tuple[str, ...] = ()
    tables: tuple[str, ...] = ("convlet",)


SECTIONS = {
    "forward": Section(
        "Forward convolution: fourteen layers, batch 1 on one thread, else 16",
        (1, 2),
        lambda threads: suites.forward_layers(1 if threads == 1 else 16),
        ("direct", "plain kernel"),
        ("convlet", "direct"),
    ),
    "resnet": Section(
        "ResNet-50's distinct convolutions, one image", (1,), lambda _: suites.resnet_layers()
    ),
    "gradients": Section("Gradients of convolution", (1, 2), lambda _: suites.training_gradients()),
    "networks": Section("The lecture's CNN", (1, 2), lambda _: suites.networks()),
    "cliffs": Section(
        "Shapes beside the usual ones", (1,), lambda _: suites.cliffs(), ("float32",)
    ),
    "filters": Section("One filter over one image", (1, 2), lambda _: suites.filters()),
    "pools": Section("Pooling", (1,), lambda _: suites.pools(), ("memcpy",)),
    "tiny": Section(
        "A call that computes next to nothing", (1,), lambda _: suites.tiny(), ("plain kernel",)
    ),
}
APART = ("overhead", "memory")  # modules of their own
ALL = (*SECTIONS, *APART)
