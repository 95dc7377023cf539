"""The bench's options, for ``convlet bench`` and ``python -m convlet.bench`` alike."""

from __future__ import annotations

from typing import Any

from convlet._cli import positive_int

GROUPS = ("conv", "conv_grad", "max_pool", "average_pool", "dense", "cnn")


def add_options(parser: Any) -> None:
    """Add the bench's options to an argparse parser."""
    parser.add_argument(
        "--ops",
        type=_groups,
        default=GROUPS,
        metavar="LIST",
        help=f"which to time, separated by commas: {','.join(GROUPS)} (default: all)",
    )
    parser.add_argument(
        "--peers",
        action="store_true",
        help="also time PyTorch, ONNX Runtime, OpenVINO, ncnn and OpenCV, those that are installed",
    )
    parser.add_argument("--quick", action="store_true", help="fewer shapes, a fifth of the time")
    parser.add_argument(
        "--threads",
        type=positive_int,
        default=1,
        metavar="N",
        help="threads for every candidate (default 1)",
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=1.0,
        metavar="S",
        help="time to spend on a row, for each candidate in it (default 1)",
    )


def _groups(text: str) -> tuple[str, ...]:
    import argparse

    names = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        raise argparse.ArgumentTypeError(f"must be among {','.join(GROUPS)}; got {unknown[0]!r}")
    return names


def _seconds(text: str) -> float:
    import argparse

    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most 3600 seconds; got {text}")
    return seconds
