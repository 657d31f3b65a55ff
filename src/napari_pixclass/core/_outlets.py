"""Where the features of one scale are written."""

from __future__ import annotations

from typing import NamedTuple

from ._scratch import Block


class Outlets(NamedTuple):
    """For each family an array (n_values, Z, Y, X) of the block; n_values is 0 where the family is not chosen."""

    smoothing: Block
    laplacian: Block
    magnitude: Block
    difference: Block
    tensor: Block
    hessian: Block
