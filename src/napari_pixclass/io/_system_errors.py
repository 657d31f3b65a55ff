"""What the system says when a file cannot be used, as a sentence."""

from __future__ import annotations


def in_words(error: BaseException) -> str:
    """What went wrong, without the numbers that systems give to errors.

    Parameters
    ----------
    error
        Anything that was raised.
    """
    if not isinstance(error, OSError) or error.strerror is None or error.errno is None:
        return str(error) or type(error).__name__
    if error.filename is None:
        return f"{error.strerror}."
    name = (
        error.filename.decode(errors="replace")
        if isinstance(error.filename, bytes)
        else error.filename
    )
    if isinstance(error, PermissionError):
        return (
            f"files must be allowed to be used; '{name}' is not (permission denied). Change its permissions, or choose "
            "another."
        )
    return f"'{name}' cannot be used: {error.strerror}."
