"""Texts of others (keys, values, names, reasons, what devices and model packages say) in Markdown that a forge shows.

Whatever they hold, they are text: no HTML, no link, no mention of people, no end of a table's cell. One module, so that
a comment, a promotion and an import's request are equally strict.
"""

from __future__ import annotations

import html as _html
import re

_PLAIN = re.compile(r"[A-Za-z0-9 .,;%/_:+=>()-]*")
_PROSE = re.compile(r"[^A-Za-z0-9 .,;:/'%()>=?-]")
_BLOCK = re.compile(r"[-+](?![0-9])|[=>]|\d+[.)](?!\S)")
"""What would begin a list, a quotation or a heading at the start of a line."""


def code(text: str) -> str:
    """Return a text as code, on one line; empty when there is none."""
    text = " ".join(text.split()) if not text.isprintable() else text
    text = "".join(character if character.isprintable() else "\ufffd" for character in text)
    if not text:
        return ""
    if _PLAIN.fullmatch(text) and text.strip() == text:
        return f"`{text}`"
    # references to characters are text in Markdown, whatever the character
    inner = "".join(c if c.isalnum() or c in " .,/-:" else _reference(c) for c in text)
    return f"<code>{inner}</code>"


def prose(text: str) -> str:
    """Return a sentence with texts of others in it: it cannot form Markdown, and addresses nobody."""
    text = "".join(character if character.isprintable() else " " for character in text).strip()
    text = text.replace("://", ":\u200b//").replace("www.", "www\u200b.")
    begin = _BLOCK.match(text)
    at = begin.end() - 1 if begin else len(text)
    return _escaped(text[:at]) + "".join(map(_reference, text[at : at + 1])) + _escaped(text[at + 1 :])


def html(text: str) -> str:
    """Return a text for the few elements that Markdown has no form for."""
    return _html.escape("".join(character if character.isprintable() else " " for character in text))


def _escaped(text: str) -> str:
    return _PROSE.sub(lambda match: _reference(match[0]) + ("\u200b" if match[0] in "@#!" else ""), text)


def _reference(character: str) -> str:
    return f"&#{ord(character)};"
