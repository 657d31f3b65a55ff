"""Every command explains itself, and the page of the commands says what they say."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest

from napari_pixclass.cli import main
from napari_pixclass.cli._main import make_parser

DOCS = Path(__file__).parent.parent / "docs"
MAKER = DOCS / "make_commands.py"

if not MAKER.is_file():
    pytest.skip("needs the folder docs of the source", allow_module_level=True)


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_commands", MAKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _commands() -> dict[str, argparse.ArgumentParser]:
    (action,) = (a for a in make_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(action.choices)


def test_the_page_is_up_to_date() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert page == _maker().page(), "run: python docs/make_commands.py"


def test_the_contract() -> None:
    assert {"demo", "train", "predict", "evaluate", "info", "import-ilastik"} <= _commands().keys()


@pytest.mark.parametrize("name", list(_commands()))
def test_help_is_for_people(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 120
    assert "example" in text
    command = _commands()[name]
    assert str(command.description).endswith(".")
    for action in command._actions:
        assert action.help, f"{name}: {action.dest} has no help"
        assert not action.help[0].isupper() or action.help.split()[0].isupper(), action.help
        assert not action.help.endswith("."), action.help


@pytest.mark.parametrize("name", list(_commands()))
def test_examples_are_understood(name: str) -> None:
    epilog = str(_commands()[name].epilog).replace("\\\n", " ")
    lines = [line.strip() for line in epilog.splitlines() if line.startswith("  napari-pixclass")]
    assert lines
    for line in lines:
        words = shlex.split(line)[1:]
        assert words[0] == name
        assert callable(make_parser().parse_args(words).run)


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda path: path.stem)
def test_commands_of_other_pages_are_understood(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"^(?:\$ )?(napari-pixclass [^.\n][^\n]*)$", text, flags=re.MULTILINE):
        command = line.partition(" #")[0]
        if "..." in command or "COMMAND" in command or "[" in command:
            continue
        words = shlex.split(command)[1:]
        if "--help" not in words and "--version" not in words:
            assert callable(make_parser().parse_args(words).run), line
