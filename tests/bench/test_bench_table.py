"""The layout of tables and numbers."""

import pytest

from convlet.bench.table import format_table, markdown_table, ratio_text, time_text


def test_fixed_width_table_as_it_is_printed():
    rows = [["cv1", "12.3 us", "1.50x"], [], ["a longer name", "1.00 s", "100x"]]
    assert format_table(["case", "convlet", "over\nNumPy"], rows) == [
        "                         over",
        "case           convlet  NumPy",
        "-----------------------------",
        "cv1            12.3 us  1.50x",
        "-----------------------------",
        "a longer name   1.00 s   100x",
    ]


def test_markdown_table_drops_rules():
    assert markdown_table(["case", "over\nNumPy"], [["cv1", "1.50x"], []]) == [
        "| case | over NumPy |",
        "| :-- | --: |",
        "| cv1 | 1.50x |",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.234e-6, "1.23 us"),
        (99.94e-6, "99.9 us"),
        (99.96e-6, "100 us"),
        (999.4e-6, "999 us"),
        (999.6e-6, "1.00 ms"),
        (0.0123, "12.3 ms"),
        (0.9996, "1.00 s"),
        (1234.0, "1,234 s"),
    ],
)
def test_times_have_three_digits(seconds, text):
    assert time_text(seconds) == text


@pytest.mark.parametrize(("ratio", "text"), [(0.5, "0.50x"), (9.996, "10.0x"), (250.3, "250x")])
def test_ratios(ratio, text):
    assert ratio_text(ratio) == text
