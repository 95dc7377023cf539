"""Models and weights in files that hold data and no code."""

from convlet.models._registry import custom_object_scope
from convlet.saving._model import load_model, save_model
from convlet.saving._weights import load_weights, save_weights

__all__ = ["custom_object_scope", "load_model", "load_weights", "save_model", "save_weights"]
