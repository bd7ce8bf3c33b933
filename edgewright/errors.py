"""The three ways in which Edgewright fails, and nothing else.

A class is added here only when somebody catches it. Every message has three parts: what is wrong and with
which value, why it matters, and what to do next.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a verb returns to the shell (design, section 7)."""

    OK = 0
    USER = 1
    REFUSED = 2
    BUG = 3
    INTERRUPTED = 130


class EdgewrightError(Exception):
    """The user can put it right; the message says how. Exit code 1."""

    exit_code = ExitCode.USER


class RefusedError(EdgewrightError):
    """A gate or a check said no: nothing is broken, it is just not allowed now. Exit code 2."""

    exit_code = ExitCode.REFUSED
