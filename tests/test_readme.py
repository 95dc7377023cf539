"""README's programs print what it says they do; its commands, names and links exist."""

import importlib
import itertools
import os
import re
import tomllib
from pathlib import Path

import pytest

import children
from convlet._cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
# A program, and what it prints if the block after it says so.
PROGRAMS = [
    (text, after if kind == "text" else None)
    for (language, text), (kind, after) in itertools.pairwise([*BLOCKS, ("", "")])
    if language == "python"
]
COMMANDS = [
    command.strip()
    for language, text in BLOCKS
    if language == "sh"
    for line in text.splitlines()
    for command in line.split("&&")
]
FAMILIES = re.findall(r"^\| `(\w+)` \| (.*) \|$", README, re.MULTILINE)


@pytest.fixture(scope="module")
def project():
    with open(ROOT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]


@pytest.mark.parametrize(("program", "printed"), PROGRAMS)
def test_programs(program, printed, tmp_path):
    """Each as pasted, in a process and a directory of its own."""
    output = children.run(f"import os; os.chdir({os.fspath(tmp_path)!r})\n{program}")
    if printed is not None:
        assert output == printed.strip()


def test_there_are_programs_whose_output_is_shown():
    assert len(PROGRAMS) >= 2
    assert all(printed is not None for _, printed in PROGRAMS)


def test_the_first_screen_has_both_commands():
    screen = "\n".join(README.splitlines()[:25])
    assert 'pip install ".[demo,plot]" && convlet demo' in screen
    assert 'pip install ".[test]" && pytest' in screen


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command, project, capsys):
    """What is installed is an extra, what is run is a script of convlet's or in that extra."""
    if extras := re.fullmatch(r'pip install "\.\[([\w,]+)\]"', command):
        assert set(extras[1].split(",")) <= set(project["optional-dependencies"])
    elif command.startswith("convlet "):
        assert "convlet" in project["scripts"]
        assert main([*command.split()[1:], "--help"]) == 0
    else:
        assert command == "pytest"
        assert any(line.startswith("pytest>") for line in project["optional-dependencies"]["test"])


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`convlet (\w+)[^`]*`", README))))
def test_mentioned_commands(command, capsys):
    assert main([command, "--help"]) == 0


@pytest.mark.parametrize(("family", "names"), FAMILIES)
def test_listed_names(family, names):
    module = importlib.import_module(f"convlet.{family}")
    for name in re.findall(r"`(\w+)`", names):
        if name != "..._grad":
            assert hasattr(module, name), f"convlet.{family} has no {name}"


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_links(path):
    assert (ROOT / path).exists()
