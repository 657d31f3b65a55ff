"""Write docs/commands.md: every command and option, from the parser that also prints ``--help``.

Run it after any change of a command: ``.venv/bin/python docs/make_commands.py``. A test compares the page with what
this would write. The text is laid out here, not by argparse, whose layout depends on Python's version.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from napari_pixclass.cli._main import make_parser

PAGE = Path(__file__).with_name("commands.md")

INTRODUCTION = """# Commands

Everything that `napari-pixclass` can do without a window. `napari-pixclass COMMAND --help` prints the same on the
terminal; this page is made from it by `docs/make_commands.py`.
"""


def page() -> str:
    """The whole page."""
    parser = make_parser()
    (commands,) = (
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    rows = [
        f"| [{choice.dest}](#{choice.dest}) | {_cell(choice.help or '')} |"
        for choice in commands._choices_actions
    ]
    parts = [
        INTRODUCTION,
        "\n".join(["| command | what it does |", "|---|---|", *rows]) + "\n",
        _block(parser.epilog or ""),
    ]
    for name, command in commands.choices.items():
        parts += _command(name, command)
    return "\n".join(parts)


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {name}\n\n{parser.description}\n"
    yield f"```\n{_usage(parser)}\n```\n"
    untitled, titled = [], []
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if _is_shown(action)]
        if group.title in {"positional arguments", "options"}:
            untitled += actions
        elif actions:
            titled.append((str(group.title).capitalize(), actions))
    yield _table(parser, "", untitled)
    for title, actions in titled:
        yield _table(parser, title, actions)
    yield _block(parser.epilog or "")


def _table(parser: argparse.ArgumentParser, title: str, actions: Sequence[argparse.Action]) -> str:
    rows = [f"| `{_form(action)}` | {_help(parser, action)} |" for action in actions]
    return "\n".join([f"| {title} | |", "|---|---|", *rows]) + "\n"


def _usage(parser: argparse.ArgumentParser) -> str:
    """What must be given, and that there is more."""
    shown = [action for action in parser._actions if _is_shown(action)]
    positional = [_form(action) for action in shown if not action.option_strings]
    required = [
        f"{action.option_strings[0]} {_value(action)}"
        for action in shown
        if action.option_strings and action.required
    ]
    return " ".join([parser.prog, *positional, *required, "[options]"])


def _is_shown(action: argparse.Action) -> bool:
    return "--help" not in action.option_strings and action.help is not argparse.SUPPRESS


def _form(action: argparse.Action) -> str:
    """How an argument or option is written, such as ``-o, --output DIR``."""
    return f"{', '.join(action.option_strings)} {_value(action)}".strip()


def _value(action: argparse.Action) -> str:
    """What follows the name of an option, or stands for an argument."""
    if action.nargs == 0:
        return ""
    names = action.metavar or (
        "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()
    )
    first = names if isinstance(names, str) else names[0]
    if action.nargs in {"+", "*"}:
        return f"{first} ..." if action.nargs == "+" else f"[{first} ...]"
    if action.nargs == "?":
        return f"[{first}]"
    return names if isinstance(names, str) else " ".join(names)


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """The help of an option with its values put in, as argparse does it."""
    values = {key: value for key, value in vars(action).items() if value is not argparse.SUPPRESS}
    return _cell((action.help or "") % {**values, "prog": parser.prog})


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


def _block(text: str) -> str:
    return f"```text\n{text}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
