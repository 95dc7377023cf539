"""Losses by name, and as plain values."""

from __future__ import annotations

from typing import Any

from convlet import losses
from convlet._names import to_snake_case
from convlet.losses._loss import Loss

# Classes' names: a class is loaded when it is asked for.
_CLASSES = [name for name in dir(losses) if name[0].isupper() and name != "Loss"]
_ALIASES = {
    "kl_divergence": "KLDivergence",
    **dict.fromkeys(("mse", "MSE"), "MeanSquaredError"),
    **dict.fromkeys(("mae", "MAE"), "MeanAbsoluteError"),
    **dict.fromkeys(("mape", "MAPE"), "MeanAbsolutePercentageError"),
    **dict.fromkeys(("msle", "MSLE"), "MeanSquaredLogarithmicError"),
    **dict.fromkeys(("bce", "BCE"), "BinaryCrossentropy"),
    **dict.fromkeys(("kld", "KLD"), "KLDivergence"),
}
_BY_NAME = {
    **{name: name for name in _CLASSES},
    **{to_snake_case(name): name for name in _CLASSES},
    **_ALIASES,
}


def serialize(loss: Loss) -> dict[str, Any]:
    """A loss's class and configuration, as `deserialize` takes them.

    Raises
    ------
    TypeError
        If it is no loss.

    Examples
    --------
    >>> from convlet import losses
    >>> losses.serialize(losses.Huber(2.0))["config"]["delta"]
    2.0
    """
    if not isinstance(loss, Loss):
        raise TypeError(f"loss must be a Loss, got {type(loss).__name__}")
    return {"class_name": type(loss).__name__, "config": loss.get_config()}


def deserialize(config: dict[str, Any]) -> Loss:
    """A new loss from what `serialize` returned.

    Raises
    ------
    TypeError
        If config is no dict.
    ValueError
        If there is no such loss.

    Examples
    --------
    >>> from convlet import losses
    >>> losses.deserialize(losses.serialize(losses.Huber(2.0))).name
    'huber_loss'
    """
    if not isinstance(config, dict):
        raise TypeError(f"config must be a dict, got {type(config).__name__}")
    return _by_name(config.get("class_name")).from_config(config.get("config", {}))


def get(identifier: Any) -> Loss | None:
    """The loss that a name, a class or one of the functions here stands for.

    Parameters
    ----------
    identifier : str, dict, Loss, type, function or None
        A dict is as `deserialize` takes it; a `Loss` is itself, and None is None.

    Returns
    -------
    Loss or None

    Raises
    ------
    ValueError
        If there is no loss of that name.
    TypeError
        If it is a function of another kind, whose gradient is not known.

    Examples
    --------
    >>> from convlet import losses
    >>> losses.get(losses.categorical_crossentropy).name
    'categorical_crossentropy'
    """
    if identifier is None or isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if isinstance(identifier, dict) and "class_name" in identifier:
        return deserialize(identifier)
    if isinstance(identifier, str):
        return _by_name(identifier)()
    name = str(getattr(identifier, "__name__", None))
    if name in dir(losses) and getattr(losses, name) is identifier:
        return _by_name(name)()
    raise TypeError(
        "loss must be a name, a Loss, or a function of convlet.losses, got "
        f"{identifier!r}: a custom loss must subclass Loss with a value_and_grad, "
        "which its vjp calls"
    )


def _by_name(name: Any) -> type[Loss]:
    if isinstance(name, str) and name in _BY_NAME:
        kind: type[Loss] = getattr(losses, _BY_NAME[name])
        return kind
    names = ", ".join(sorted(to_snake_case(cls) for cls in _CLASSES))
    raise ValueError(f"loss must be one of {names}, got {name!r}")
