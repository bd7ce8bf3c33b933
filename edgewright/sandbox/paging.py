"""Pages of lists, with tokens that only say where the next one begins."""

from __future__ import annotations

import base64
import binascii
from typing import Any

DEFAULT = 50  # items in a page when nobody says (greengrassv2 API reference, maxResults)


def page(items: list[Any], size: int | None, token: str | None) -> tuple[list[Any], str | None]:
    """One page, and the token of the next.

    Raises:
        ValueError: the token is none of ours.
    """
    start = _start(token) if token is not None else 0
    end = start + (size or DEFAULT)
    more = base64.urlsafe_b64encode(f"page:{end}".encode()).decode() if end < len(items) else None
    return items[start:end], more


def _start(token: str) -> int:
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("The nextToken is not valid") from error
    head, _, number = text.partition(":")
    if head != "page" or not number.isdecimal():
        raise ValueError("The nextToken is not valid")
    return int(number)
