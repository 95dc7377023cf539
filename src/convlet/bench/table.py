"""Fixed-width and Markdown tables of text cells."""

from __future__ import annotations


def format_table(headers: list[str], rows: list[list[str]], *, left: int = 1) -> list[str]:
    """Return lines of a fixed-width table.

    Parameters
    ----------
    headers : sequence of str
        May hold line breaks; columns are as wide as their widest line.
    rows : sequence of sequences of str
        An empty sequence draws a rule.
    left : int, default 1
        So many columns are aligned left, the others right.
    """
    heads = [header.split("\n") for header in headers]
    depth = max(len(head) for head in heads)
    heads = [[""] * (depth - len(head)) + head for head in heads]
    widths = [
        max([len(line) for line in head] + [len(row[i]) for row in rows if row])
        for i, head in enumerate(heads)
    ]

    def line(cells: list[str]) -> str:
        aligned = (
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(aligned).rstrip()

    rule = "-" * len("  ".join("-" * width for width in widths))
    lines = [line([head[i] for head in heads]) for i in range(depth)] + [rule]
    return lines + [line(row) if row else rule for row in rows]


def markdown_table(headers: list[str], rows: list[list[str]], *, left: int = 1) -> list[str]:
    """Return lines of the same table in Markdown; empty rows are left out."""
    marks = [":--" if i < left else "--:" for i in range(len(headers))]
    cells = [[header.replace("\n", " ") for header in headers], marks, *filter(None, rows)]
    return ["| " + " | ".join(row) + " |" for row in cells]


def time_text(seconds: float) -> str:
    """Return seconds with three digits and a unit: 12.3 us, 1.23 ms, 1.23 s."""
    for scale, unit in ((1e-6, "us"), (1e-3, "ms")):
        if seconds < 999.5 * scale:
            return f"{three_digits(seconds / scale)} {unit}"
    return f"{three_digits(seconds)} s"


def ratio_text(ratio: float) -> str:
    """Return how many times as long another one takes: 12.3x."""
    return f"{three_digits(ratio)}x"


def three_digits(number: float) -> str:
    """Return a positive number with three significant digits, without an exponent."""
    if number >= 99.95:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 9.995 else f"{number:.2f}"
