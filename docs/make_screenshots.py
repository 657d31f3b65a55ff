"""Take the screenshots of the documentation, from real windows in which somebody really paints.

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_screenshots.py [--folder FOLDER] [SCENE ...]

napari windows open with the plugin's samples, without their scribbles. The mouse does the rest. The pictures go to
FOLDER (default: docs/images).
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from screenshots.files import batch, evaluation, quality
from screenshots.guidance import guidance
from screenshots.projects import projects
from screenshots.scenes import channels, labels, live, restore, several, volume

SCENES = {
    "live": live,
    "volume": volume,
    "several": several,
    "channels": channels,
    "restore": restore,
    "labels": labels,
    "batch": batch,
    "evaluation": evaluation,
    "guidance": guidance,
    "projects": projects,
    "quality": quality,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=f"of {', '.join(SCENES)}")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "images")
    options = parser.parse_args()
    unknown = set(options.scenes) - set(SCENES)
    if unknown:
        parser.error(f"scenes are {', '.join(SCENES)}; got {', '.join(sorted(unknown))}.")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.scenes or SCENES:
        # What is painted here is not to be offered to whoever opens the samples next.
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as state:
            os.environ["NAPARI_PIXCLASS_STATE"] = state
            SCENES[name](options.folder)


if __name__ == "__main__":
    main()
