"""Where figures are to be saved, and as what."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from ._viewer_session import ViewerSession

FILTERS = {
    ".json": "Figures for other programs (*.json)",
    ".txt": "Figures as text (*.txt)",
    ".png": "Picture of the confusion matrix (*.png)",
}


def ask_for_file(parent: QWidget, session: ViewerSession, title: str, name: str) -> Path | None:
    """Ask the user for a file, whose ending says what is written; None where there is to be none.

    Parameters
    ----------
    parent
        What the dialog belongs to.
    session
        Knows in which folder to begin.
    title
        Of the dialog.
    name
        What is offered, without an ending.
    """
    start = session.folder / f"{name}.json"
    path, chosen = QFileDialog.getSaveFileName(
        parent, title, str(start), ";;".join(FILTERS.values())
    )
    if not path:
        return None
    ending = next((key for key, text in FILTERS.items() if text == chosen), ".json")
    target = Path(path)
    if target.suffix.lower() not in FILTERS:
        target = target.with_name(target.name + ending)
        if target.exists():  # the dialog has asked about the other name only
            session.report_error(
                f"{target.name} is there already. Choose that very name to replace it."
            )
            return None
    session.folder = target.parent
    return target
