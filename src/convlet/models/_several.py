"""Several arrays that go together: of a model with several inputs or outputs."""

from __future__ import annotations

from typing import Any

from convlet.layers._symbolic import flatten, restore


class Several:
    """A list or dict of arrays with as many samples, some perhaps None, sliced like one array."""

    def __init__(self, name: str, given: Any) -> None:
        self.given = given
        counts = [len(part) for part in self._present()]
        if len(set(counts)) != 1:
            raise ValueError(f"{name} must have arrays of as many samples, got {counts}")

    def _present(self) -> list[Any]:
        return [part for part in flatten(self.given) if part is not None]

    def __len__(self) -> int:
        return len(self._present()[0])

    def __getitem__(self, rows: Any) -> Several:
        taken = object.__new__(Several)
        parts = [None if part is None else part[rows] for part in flatten(self.given)]
        taken.given = restore(self.given, parts)
        return taken


def plain(value: Any) -> Any:
    """The list or dict of arrays, or the only array."""
    return value.given if isinstance(value, Several) else value


def by_output(name: str, value: Any, outputs: list[str]) -> list[Any]:
    """One value for each output: from a list, or a dict, in which outputs may be missing."""
    value = plain(value)
    if isinstance(value, dict):
        if unknown := [key for key in value if key not in outputs]:
            names = ", ".join(outputs)
            raise ValueError(f"{name} must have keys among {names}, got {unknown[0]!r}")
        return [value.get(key) for key in outputs]
    parts = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(parts) != len(outputs):
        raise ValueError(
            f"{name} must have one entry for each of {', '.join(outputs)}, got {len(parts)}"
        )
    return parts


def weights_by_output(sample_weight: Any, outputs: list[str]) -> list[Any]:
    """The samples' weights for each output; one array is for all."""
    if isinstance(sample_weight, Several):
        return by_output("sample_weight", sample_weight, outputs)
    return [plain(sample_weight)] * len(outputs)
