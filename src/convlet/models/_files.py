"""Models in files, by the names that Keras has for them."""

from convlet.saving._model import load_model as load_model
from convlet.saving._model import save_model as save_model
