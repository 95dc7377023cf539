"""Which classes a configuration may name: convlet's own, and those that the caller hands over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from convlet.layers._layer import Layer

_custom: ContextVar[Mapping[str, Any] | None] = ContextVar("custom_objects", default=None)


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Classes that configurations may name within a `with` statement, beside convlet's own.

    Parameters
    ----------
    custom_objects : dict of str to class
        By the names that configurations have for them. Scopes may stand within each other.

    Raises
    ------
    TypeError
        If it is no dict of classes by name.

    Examples
    --------
    >>> from convlet import Sequential, layers, saving
    >>> class Mine(layers.Flatten):
    ...     pass
    >>> config = Sequential([Mine()]).get_config()
    >>> with saving.custom_object_scope({"Mine": Mine}):
    ...     type(Sequential.from_config(config).layers[0]).__name__
    'Mine'
    """
    custom_objects = {} if custom_objects is None else custom_objects
    if not isinstance(custom_objects, Mapping) or not all(
        isinstance(name, str) and isinstance(kind, type) for name, kind in custom_objects.items()
    ):
        raise TypeError(f"custom_objects must be a dict of classes by name, got {custom_objects!r}")
    token = _custom.set({**(_custom.get() or {}), **custom_objects})
    try:
        yield
    finally:
        _custom.reset(token)


def custom_class(name: Any, base: type) -> Any:
    """The class of that name that the caller has handed over, if there is one."""
    kind = (_custom.get() or {}).get(name) if isinstance(name, str) else None
    return kind if isinstance(kind, type) and issubclass(kind, base) else None


def known_class(name: Any, base: type, module: Any) -> Any:
    """The class of that name: the caller's, or one that `module` lists; None if there is none.

    Nothing is imported, and no attribute is looked up that the module does not list.
    """
    if found := custom_class(name, base):
        return found
    kind = getattr(module, name) if isinstance(name, str) and name in module.__all__ else None
    return kind if isinstance(kind, type) and issubclass(kind, base) else None


def layer_entry(layer: Layer) -> dict[str, Any]:
    """A layer's class and configuration, for `layer_from`."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def layer_from(entry: Any) -> Any:
    """A new layer or model from what `layer_entry` returned, without its weights.

    Raises
    ------
    ValueError
        If it names no class of convlet's and none of the caller's.
    """
    from convlet import layers, models

    if not isinstance(entry, Mapping) or not isinstance(entry.get("config"), Mapping):
        raise ValueError(f'a layer must have a "class_name" and a "config", got {entry!r:.200}')
    name = entry.get("class_name")
    kind = known_class(name, Layer, models) or known_class(name, Layer, layers)
    if kind is None:
        raise ValueError(
            f"a configuration must name layers of convlet, or of custom_objects, got {name!r:.200}"
        )
    return kind.from_config(dict(entry["config"]))
