"""Objects by name, class or configuration: what `get`, `serialize` and `deserialize` do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Configured:
    """What `Lookup` finds: made from a configuration, and described by one."""

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A new one from what `get_config` returned."""
        return cls(**config)


class Lookup:
    """The classes of a module by the names that stand for them.

    `what` says in messages what they are, and `base` is their base class.
    """

    def __init__(
        self, what: str, base: type[Configured], classes: Mapping[str, type[Configured]]
    ) -> None:
        self.what, self.base, self.classes = what, base, classes

    def get(self, identifier: Any) -> Any:
        """The object that a name, a class or a configuration stands for; None is None."""
        if identifier is None or isinstance(identifier, self.base):
            return identifier
        if isinstance(identifier, dict):
            return self.deserialize(identifier)
        if isinstance(identifier, type) and issubclass(identifier, self.base):
            return identifier()
        if isinstance(identifier, str) and identifier in self.classes:
            return self.classes[identifier]()
        raise ValueError(
            f"{self.what} must be a {self.base.__name__} or one of "
            f"{', '.join(sorted(self.classes))}, got {identifier!r}"
        )

    def serialize(self, thing: Any) -> dict[str, Any]:
        """Class and configuration, as plain values."""
        return {"class_name": type(thing).__name__, "config": thing.get_config()}

    def deserialize(self, config: Any) -> Any:
        """A new object of one of the classes, from what `serialize` returned."""
        kind = self.classes.get(str(config.get("class_name")))
        if kind is None or not isinstance(config.get("config"), dict):
            raise ValueError(f"a {self.what} must be one of convlet's, got {config!r:.200}")
        return kind.from_config(dict(config["config"]))
