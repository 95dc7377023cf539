"""The lecture's whole CNN: inference, and a training step with Adadelta."""

from convlet.bench.suites import all_cases


def cases(quick):
    """Return the network's cases."""
    return [case for case in all_cases(quick) if case.group == "cnn"]


def test_lecture_cnn(case, provider, compare):
    """Time the network; probabilities, or loss and stepped weights, agree with NumPy's."""
    compare(case, provider)
