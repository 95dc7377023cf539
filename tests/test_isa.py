"""CONVLET_ISA chooses the instruction set, or says which there are."""

import pytest

import children
from convlet._cext import runtime

ISA = "from convlet._cext import runtime; print(runtime.isa())"
KNOWN = ("scalar", "baseline", "avx2", "avx512")


def test_available_in_ascending_order():
    available = runtime.available_isas()
    assert available[:2] == KNOWN[:2]
    assert list(available) == sorted(available, key=KNOWN.index)


@pytest.mark.parametrize("name", runtime.available_isas())
def test_environment(name):
    program = """
        import numpy as np
        from convlet import ops
        from convlet._cext import runtime
        x, kernel = np.ones((1, 5, 5, 3), "float32"), np.ones((3, 3, 3, 17), "float32")
        assert (ops.conv(x, kernel) == 27).all()
        print(runtime.isa())
    """
    assert children.run(program, CONVLET_ISA=name) == name


def test_default_is_the_widest():
    assert children.run(ISA, CONVLET_ISA=None) == runtime.available_isas()[-1]


@pytest.mark.parametrize("bad", ["sse9", "", "AVX2", "avx2 "])
def test_unknown(bad):
    error = children.run(ISA, status=1, CONVLET_ISA=bad)
    assert "ValueError: CONVLET_ISA must be one of" in error
    for name in runtime.available_isas():
        assert name in error
    assert repr(bad) in error


def test_switch_in_process():
    before = runtime.isa()
    try:
        for name in runtime.available_isas():
            runtime._set_isa(name)
            assert runtime.isa() == name
        with pytest.raises(ValueError, match=r"one of scalar.*'mmx'"):
            runtime._set_isa("mmx")
        assert runtime.isa() == name
    finally:
        runtime._set_isa(before)
