"""Projects: a whole session as a folder; saved by a session, opened by one or without any."""

from ._content import AbsentSource, ContentImage, ContentLabels, ContentSource, ProjectContent
from ._locating import Known
from ._project import CHANGED, OpenedImage, Project, open_project
from ._saving import SavedProject, new_save_id, saving_steps
from ._script import script_of
from ._script_steps import python_steps

__all__ = [
    "CHANGED",
    "AbsentSource",
    "ContentImage",
    "ContentLabels",
    "ContentSource",
    "Known",
    "OpenedImage",
    "Project",
    "ProjectContent",
    "SavedProject",
    "new_save_id",
    "open_project",
    "python_steps",
    "saving_steps",
    "script_of",
]
