"""A small run of the demo, from files to report: what it prints, that it learns, its bits."""

import sys

import numpy as np
import pytest

import modes
from convlet import demo
from convlet._cli import main


def run_quietly(directory, **options):
    """Run the demo for two epochs and return (result, everything it showed)."""
    shown = []
    settings = {"epochs": 2, "batch_size": 16, "verbose": 0, "show": shown.append}
    result = demo.run(directory, **settings | options)
    return result, "\n".join(shown)


def test_demo_learns_and_tells(idx_directory):
    result, text = run_quietly(idx_directory, epochs=4)
    assert result.accuracy >= 0.9
    assert result.history["val_accuracy"][-1] == pytest.approx(result.accuracy, abs=1e-6)
    assert len(result.history["loss"]) == 4
    assert result.seconds_per_epoch > 0
    assert result.images_per_second > 0
    for words in (
        "160 to learn from, 40 held out",
        "1,199,882",
        "(28 - 3)/1 + 1 = 26",
        "Adadelta(learning_rate=1.0)",
        "Why 1.0?",
        f"Held-out accuracy  {result.accuracy:.4f}",
        "Time per epoch",
        "images/s",
        result.fingerprint,
    ):
        assert words in text


def test_equal_seeds_give_equal_bits_at_any_thread_count(idx_directory):
    fingerprints = set()
    for threads in (1, 2):
        with modes.num_threads(threads):
            fingerprints.add(run_quietly(idx_directory, seed=7, epochs=1)[0].fingerprint)
    other = run_quietly(idx_directory, seed=8, epochs=1)[0].fingerprint
    assert len(fingerprints) == 1
    assert other not in fingerprints


def test_without_matplotlib_says_so_in_one_line(idx_directory, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result, text = run_quietly(idx_directory, epochs=1, output=tmp_path / "pictures")
    assert result.pictures == ()
    assert text.splitlines()[-1] == (
        'No pictures: matplotlib is not installed (pip install "convlet[plot]").'
    )


def test_command_without_digits_fails_clearly(tmp_path, capsys):
    assert main(["demo", "--no-pictures", "--data", str(tmp_path / "nowhere")]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("convlet demo: --data: ")
    assert "nowhere" in captured.err
    assert "Traceback" not in captured.err


def test_command_with_an_impossible_output_fails_before_it_trains(idx_directory, capsys):
    occupied = idx_directory / "train-images-idx3-ubyte"
    assert main(["demo", "--data", str(idx_directory), "--output", str(occupied)]) == 1
    assert "--output" in capsys.readouterr().err


def test_command_runs(idx_directory, capsys):
    command = ["demo", "--data", str(idx_directory), "--epochs", "1", "--no-pictures"]
    assert main([*command, "--batch-size", "32"]) == 0
    out = capsys.readouterr().out
    assert "Held-out accuracy" in out
    assert "1 epoch in batches of 32" in out


def test_lecture_cnn_with_and_without_dropout():
    for dropout in (True, False):
        model = demo.lecture_cnn(dropout=dropout)
        assert model.count_params() == 1_199_882
        assert len(model.layers) == (8 if dropout else 6)
        assert model(np.zeros((1, 28, 28, 1), np.float32)).shape == (1, 10)
