"""Each row of CONVENTIONS.md, evaluated."""

import numpy as np
import pytest

import conventions
from comparison import assert_close
from conventions import SECTIONS, SPACE, TABLE

ROWS = [row for rows in SECTIONS.values() for row in rows]
TOLERANCE = 1e-5  # of the largest element


def array(value):
    return np.asarray(value.detach() if hasattr(value, "detach") else value)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.library}: {row.theirs}")
def test_row(row):
    theirs, ours = (array(eval(side, dict(SPACE))) for side in (row.theirs, row.ours))
    if row.equal:
        scale = np.abs(theirs[np.isfinite(theirs)]).max()
        assert_close(ours, theirs, TOLERANCE * scale, dtype=theirs.dtype)
    else:
        assert theirs.shape != ours.shape or not np.allclose(theirs, ours)


def test_the_table_is_up_to_date():
    """Else: python tests/peers/conventions.py."""
    assert TABLE.read_text() == conventions.table()


def test_keras_refuses_strides_with_dilation():
    with pytest.raises(ValueError, match="strides > 1"):
        conventions.keras.layers.Conv2D(1, 3, strides=2, dilation_rate=2)


def test_torch_refuses_same_with_strides():
    x, w = conventions.torch.ones(1, 1, 5, 5), conventions.torch.ones(1, 1, 3, 3)
    with pytest.raises(RuntimeError, match="strided"):
        conventions.F.conv2d(x, w, padding="same", stride=2)
