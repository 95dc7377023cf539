"""The compiled normalization refuses arrays that do not fit each other."""

import numpy as np
import pytest

from convlet._cext import normalization

X, OTHER = np.ones((4, 3)), np.ones((4, 2))
COLUMNS, ROWS, SHORT = np.ones(3), np.ones(4), np.ones(2)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("column_moments", (X, COLUMNS, SHORT)),
        ("column_moments", (X, SHORT, COLUMNS)),
        ("column_moments", (np.ones((0, 3)), COLUMNS, COLUMNS)),
        ("column_products", (OTHER, X, COLUMNS, COLUMNS, COLUMNS)),
        ("column_products", (X, X, SHORT, COLUMNS, COLUMNS)),
        ("column_products", (X, X, COLUMNS, SHORT, COLUMNS)),
        ("column_products", (X, X, COLUMNS, COLUMNS, SHORT)),
        ("column_scale", (X, np.ones((3, 2)), X)),
        ("column_scale", (X, np.ones((2, 3)), X)),
        ("column_scale", (X, np.ones((3, 3)), OTHER)),
        ("column_slope", (X, X, np.ones((3, 3)), X)),
        ("column_slope", (X, X, np.ones((4, 2)), X)),
        ("column_slope", (X, X, np.ones((4, 3)), OTHER)),
        ("column_slope", (OTHER, X, np.ones((4, 3)), X)),
        ("rows", (X, 0.0, OTHER, ROWS)),
        ("rows", (X, 0.0, X, SHORT)),
        ("rows_slope", (OTHER, X, ROWS, X)),
        ("rows_slope", (X, X, SHORT, X)),
        ("rows_slope", (X, X, ROWS, OTHER)),
    ],
)
def test_sizes(name, arguments):
    with pytest.raises(ValueError, match=r"must have"):
        getattr(normalization, name)(*arguments)
