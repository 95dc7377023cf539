"""The command line: help, bad options, exit statuses, and that the commands do their work."""

import subprocess
import sys

import pytest

import convlet
from convlet._cli import main


def test_without_a_command_prints_help(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    for command in ("convlet demo", "convlet bench", "convlet predict", "convlet info"):
        assert command in out


@pytest.mark.parametrize("command", ["demo", "bench", "info", "predict"])
def test_help_of_every_command(command, capsys):
    assert main([command, "--help"]) == 0
    assert f"usage: convlet {command}" in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"convlet {convlet.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["demo", "--epochs", "0"], ["--epochs", "at least 1", "0"]),
        (["demo", "--epochs", "many"], ["--epochs", "integer", "many"]),
        (["demo", "--batch-size", "-3"], ["--batch-size", "at least 1", "-3"]),
        (["demo", "--threads", "0"], ["--threads", "at least 1", "0"]),
        (["demo", "--seed", "-1"], ["--seed", "at least 0", "-1"]),
        (["demo", "--seed", str(2**32)], ["--seed", "at most", str(2**32)]),
        (["bench", "--ops", "conv,fft"], ["--ops", "conv_grad", "fft"]),
        (["bench", "--seconds", "nan"], ["--seconds", "above 0", "nan"]),
        (["bench", "--seconds", "0"], ["--seconds", "above 0", "0"]),
        (["train"], ["train"]),
        (["predict"], ["MODEL", "IMAGE"]),
        (["predict", "m.keras"], ["IMAGE"]),
    ],
)
def test_bad_arguments_are_named(arguments, names, capsys):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    for name in names:
        assert name in err


def test_info_describes_the_installation(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert convlet.__version__ in out
    for word in ("NumPy", "Python", "hreads"):
        assert word in out


def test_interrupted_command(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(convlet, "show_config", interrupt)
    assert main(["info"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_module_runs_as_the_command():
    child = subprocess.run(
        [sys.executable, "-m", "convlet", "--version"], capture_output=True, text=True, check=True
    )
    assert child.stdout == f"convlet {convlet.__version__}\n"


def test_bench_prints_a_table():
    command = ["bench", "--quick", "--ops", "dense", "--seconds", "0.05"]
    child = subprocess.run(
        [sys.executable, "-m", "convlet", *command], capture_output=True, text=True, check=False
    )
    assert (child.returncode, child.stderr) == (0, "")
    for text in ("over", "NumPy", "hidden gradients", "9216 to 128 b128", "Threads    1"):
        assert text in child.stdout
