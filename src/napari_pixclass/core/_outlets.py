"""Where the features of one scale are written, and what changes at the borders."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ._scratch import Block


class Outlets(NamedTuple):
    """For each family an array (n_values, Z, Y, X) of the block; n_values is 0 where the family is not chosen."""

    smoothing: Block
    laplacian: Block
    magnitude: Block
    difference: Block
    tensor: Block
    hessian: Block


class Reversed(NamedTuple):
    """Where beyond the borders a product with a derivative across the border has its sign changed.

    The derivatives there are those of the mirrored image. Products that are to be mirrored themselves need those of the
    image.

    Attributes
    ----------
    rows
        For each row of the gradient, -1 if its derivatives along y count the other way round, else 1.
    columns
        Columns of the gradient whose derivatives along x count the other way round.
    """

    rows: npt.NDArray[np.float32]
    columns: npt.NDArray[np.int64]
