"""How many distinct configurations agreed with each library, by operator."""

from __future__ import annotations

from collections import defaultdict

_cases: dict[tuple[str, str], set[str]] = defaultdict(set)


def agreed(library, operator, case):
    """`case`, a text that tells it from all others, gave the same on both sides."""
    _cases[library, operator].add(case)


def lines():
    """One for each library and operator."""
    return [
        f"{library:8} {operator:28} {len(cases):6}"
        for (library, operator), cases in sorted(_cases.items())
    ]
