"""Every operator, forward and backward, for convlet, NumPy and (with --peers) installed peers."""

from convlet.bench.suites import all_cases


def cases(quick):
    """Return the operators' cases."""
    return [case for case in all_cases(quick) if case.group != "cnn"]


def test_op(case, provider, compare):
    """Time the operator; its result agrees with NumPy's."""
    compare(case, provider)
