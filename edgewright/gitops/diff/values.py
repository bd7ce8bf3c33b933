"""Where two configurations differ, key by key, and what of a value may be shown to everybody who reads the request.

What looks like a secret is never shown, whatever its key; what has a key of a secret is never shown, whatever it looks
like. References to secrets (``${...}``, ARNs of Secrets Manager or Parameter Store) are no secrets: they are shown, so
that a reviewer sees that one points elsewhere. When in doubt a value is hidden: a request is read by more people than a
device.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from edgewright.canonical import canonical_json

Kind = Literal["added", "removed", "changed"]

HIDDEN = "(secret, not shown)"
LONGEST = 100
"""Characters of a value that are shown."""

_SECRET_KEY = re.compile(
    r"(?:^|[-_. ])pass(?:$|[-_. ])|password|passwd|passphrase|passcode|pwd|secret|token|credential|private[-_ ]?key|"
    r"api[-_ ]?key|access[-_ ]?key|signing[-_ ]?key|encryption[-_ ]?key|shared[-_ ]?key|auth(?:orization)?$|bearer|"
    r"cookie|connection[-_ ]?string|(?:^|[-_. ])(?:dsn|pin|psk|sas|otp)$",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"-----BEGIN |\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\beyJ[\w-]{8,}\.|://[^/\s:@]*:[^/\s@]+@|\bgh[pousr]_\w{20,}|"
    r"\bgithub_pat_\w+|\bglpat-[\w-]+|\bxox[abprs]-|\bsk-[\w-]{16,}|"
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|api[-_]?key|access[-_]?key|private[-_]?key|"
    r"authorization|bearer)[\"']?\s*[=:]\s*\S|\bbearer\s+\S{8,}|--?(?:pass(?:word)?|token|secret)\s+\S",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"\$\{[^{}]*\}|arn:aws[\w-]*:(?:secretsmanager|ssm|kms):\S*")
_RANDOM = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
_RANDOM_BITS = 3.6
"""Shannon entropy of a text from which on it is taken for random; words and paths in one script have less."""
_PLAIN_TEXT = re.compile(r"[A-Za-z_/][\w./:@-]*(?: [\w./:@-]+)*|[0-9]+(?:%|[smhd])")
_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True)
class Change:
    """One key of a configuration that differs."""

    path: str
    """As people write it: ``mqtt.port``; keys with other characters are quoted."""
    kind: Kind
    before: str | None
    """What was there, as it may be shown; None when the key was not there."""
    after: str | None

    @property
    def secret(self) -> bool:
        """Whether a value is kept back."""
        return HIDDEN in (self.before, self.after)


def changes(old: Any, new: Any) -> list[Change]:
    """Return where two JSON values differ: keys of objects one by one, everything else as a whole."""
    return list(_walk(old, new, ()))


def _walk(old: Any, new: Any, keys: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            below = (*keys, str(key))
            if key not in old:
                yield from _whole(new[key], below, "added")
            elif key not in new:
                yield from _whole(old[key], below, "removed")
            else:
                yield from _walk(old[key], new[key], below)
    elif canonical_json(old) != canonical_json(new):
        items = list(_items(old, new, keys)) if isinstance(old, list | tuple) and isinstance(new, list | tuple) else []
        yield from items or [Change(path(keys), "changed", shown(old, keys), shown(new, keys))]


def _items(old: Sequence[Any], new: Sequence[Any], keys: tuple[str, ...]) -> Iterator[Change]:
    """The items that only one of two lists has; none where the lists differ in their order alone."""
    counts = Counter(map(canonical_json, old)), Counter(map(canonical_json, new))
    where = f"{path(keys)}[]"
    for value in old:
        if counts[1][canonical_json(value)]:
            counts[1][canonical_json(value)] -= 1
        else:
            yield Change(where, "removed", _item(old, value, keys), None)
    for value in new:
        if counts[0][canonical_json(value)]:
            counts[0][canonical_json(value)] -= 1
        else:
            yield Change(where, "added", None, _item(new, value, keys))


def _item(of: Sequence[Any], value: Any, keys: tuple[str, ...]) -> str:
    """An item as it may be shown; what stands before it in the list may say that it is a secret."""
    index = next(number for number, each in enumerate(of) if each is value)
    follows = isinstance(value, str) and index > 0 and _announces(of[index - 1])
    return HIDDEN if follows else shown(value, keys)


def _whole(value: Any, keys: tuple[str, ...], kind: Kind) -> Iterator[Change]:
    """A value that is on one side only, leaf by leaf, so that one secret in it hides nothing else."""
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from _whole(value[key], (*keys, str(key)), kind)
        return
    text = shown(value, keys)
    yield Change(path(keys), kind, *((None, text) if kind == "added" else (text, None)))


def path(keys: tuple[str, ...]) -> str:
    """Return keys as people write them."""
    return ".".join(key if _PLAIN_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False) for key in keys)


def shown(value: Any, keys: tuple[str, ...] = ()) -> str:
    """Return a value as it may be shown: one line, not long, without what looks like a secret."""
    redacted = _redact(value, any(is_secret_key(key) for key in keys))
    plain = isinstance(redacted, str) and (redacted == HIDDEN or _plain(redacted))
    return clipped(redacted if plain else json.dumps(redacted, ensure_ascii=False), LONGEST)


def _plain(text: str) -> bool:
    """Whether a text needs no quotes to be known as one."""
    return bool(_PLAIN_TEXT.fullmatch(text)) and text.lower() not in ("true", "false", "null")


def clipped(text: str, longest: int) -> str:
    """Return a text with its middle left out where it is too long; both ends tell values apart."""
    if len(text) <= longest:
        return text
    tail = longest // 4
    return f"{text[: longest - tail - 3]}...{text[-tail:]}"


def is_secret_key(key: str) -> bool:
    """Whether what has this key is taken for a secret."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)
    return bool(_SECRET_KEY.search(key) or _SECRET_KEY.search(words))


def _redact(value: Any, hidden: bool) -> Any:  # noqa: FBT001 -- what the keys above said goes down with the value
    if isinstance(value, Mapping):
        # {name: DB_PASSWORD, value: ...}, as environments are written
        named = any(is_secret_key(str(value.get(key))) for key in ("name", "key", "Name", "Key") if key in value)
        return {
            str(key): _redact(item, hidden or is_secret_key(str(key)) or (named and str(key).lower() == "value"))
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        before = [None, *value]
        return [_redact(item, hidden or _announces(before[index])) for index, item in enumerate(value)]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and _REFERENCE.fullmatch(value):
        return value
    if hidden or (isinstance(value, str) and _is_secret_text(value)):
        return HIDDEN
    return value


def _announces(item: Any) -> bool:
    """Whether an argument such as ``--password`` says that the next one is a secret."""
    return isinstance(item, str) and item.startswith("-") and "=" not in item and is_secret_key(item)


def _is_secret_text(text: str) -> bool:
    return bool(_SECRET_TEXT.search(text)) or any(_looks_random(each) for each in _RANDOM.findall(text))


def _looks_random(text: str) -> bool:
    """Whether a run of characters has no words in it: letters of both cases and digits, all mixed."""
    kinds = (str.islower, str.isupper, str.isdigit)
    if not all(any(is_kind(character) for character in text) for is_kind in kinds):
        return False
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts) >= _RANDOM_BITS


def kind(old: object | None, new: object | None) -> Kind:
    """Return what happened to something that is there before, after or both."""
    return "added" if old is None else "removed" if new is None else "changed"
