"""Networks of layers, their training, and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convlet._lazy import lazily

if TYPE_CHECKING:
    from convlet.models._files import load_model as load_model
    from convlet.models._files import save_model as save_model
    from convlet.models._functional import Functional as Functional
    from convlet.models._functional import Model as Model
    from convlet.models._sequential import Sequential as Sequential
else:
    __getattr__, __dir__, __all__ = lazily(
        __name__,
        {
            "_functional": ("Functional", "Model"),
            "_sequential": ("Sequential",),
            "_files": ("load_model", "save_model"),
        },
    )
