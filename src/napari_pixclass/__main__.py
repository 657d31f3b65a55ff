"""Entry of ``python -m napari_pixclass``: the same as the command ``napari-pixclass``."""

import sys

from napari_pixclass.cli import main

if __name__ == "__main__":
    sys.exit(main())
