"""What a change of a Deployment means: by property path for the engine, and in words for people. Pure.

What is compared is what is really there (the outputs), not what was asked for last: after a rollback the two differ,
and the same program must show its change again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edgewright.canonical import canonical_json
from edgewright.documents.request import configuration, same_content
from edgewright.provider.plugin import Diff, Kind, contains_unknown, is_unknown, property_path
from edgewright.provider.tree_diff import Keys, changed, otherwise, walk

_IDENTITY = ("targetArn", "parentTargetArn")
_PLAIN = (
    "deploymentName",
    "iotJobConfiguration",
    "deploymentPolicies",
    "wait",
    "onFailure",
    "onDelete",
    "adopt",
    "tags",
)
_STABLE = ("targetArn",)
# The engine calls update for these by itself, until a refresh has cleared the errors it remembers.
_UNFINISHED = frozenset({"failed", "interrupted", "cancelled"})
_WORDS = {
    "iotJobConfiguration": "rollout settings",
    "deploymentPolicies": "deployment policies",
    "deploymentName": "deployment name",
    "tags": "tags",
}


def diff(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> Diff:
    """Return what an update from ``outputs`` to ``news`` would change."""
    detailed: dict[str, Kind] = {}
    for key in _IDENTITY:
        if kind := changed(outputs.get(key), news.get(key)):
            detailed[key] = Kind(f"{kind.value}_REPLACE")
    for keys, kind in _components(outputs.get("components"), news.get("components")):
        detailed[property_path("components", *keys)] = kind
    for key in _PLAIN:
        for keys, kind in walk(outputs.get(key), news.get(key), (key,)):
            detailed[property_path(*keys)] = kind
    # The subdeployment of one parent cannot become that of another while it exists (API), so it must go first.
    return Diff(
        detailed=detailed,
        stables=_STABLE,
        delete_before_replace="parentTargetArn" in detailed,
        changed=outputs.get("verdict") in _UNFINISHED,
    )


def needs_revision(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether ``news`` must be sent to the devices, or only noted."""
    if contains_unknown(news):
        return True
    old, new = _explicit_resets(outputs), _explicit_resets(news)
    return not same_content(outputs, news) or any(new[name] - old.get(name, set()) for name in new)


def summary(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """Return the change in words, a line for each thing; no configuration value, for it may be secret."""
    old, new = outputs.get("components") or {}, otherwise(news.get("components"), {})
    if is_unknown(new):
        return ["components are not known yet"]
    lines: list[str] = []
    for name in sorted(old.keys() | new.keys()):
        lines.extend(_component_words(name, old.get(name), new.get(name)))
    for key, words in _WORDS.items():
        if key != "tags" and list(walk(outputs.get(key), news.get(key), (key,))):
            lines.append(f"{words} changed")
    return lines


def _component_words(name: str, old: Any, new: Any) -> Iterator[str]:
    if is_unknown(new):
        yield f"{name} is not known yet"
    elif old is None:
        yield f"{name} {new.get('componentVersion')} added"
    elif new is None:
        yield f"{name} {old.get('componentVersion')} removed"
    else:
        before, after = old.get("componentVersion"), new.get("componentVersion")
        if changed(before, after):
            yield f"{name} {before} -> {'(not known yet)' if is_unknown(after) else after}"
        parts = [_config_words(old.get("config"), new.get("config"))]
        parts.extend(f"{key} changed" for key in ("runWith", "reset") if list(walk(old.get(key), new.get(key), (key,))))
        if words := "; ".join(part for part in parts if part):
            yield f"{name} {words}"


def _config_words(old: Any, new: Any) -> str:
    if contains_unknown(new):
        return "configuration is not known yet" if canonical_json(old) != "null" else "configuration added"
    verbs: dict[Kind, list[str]] = {Kind.ADD: [], Kind.UPDATE: [], Kind.DELETE: []}
    for keys, kind in walk(configuration({"config": old}), configuration({"config": new}), ()):
        verbs[kind].append(".".join(str(key) for key in keys) or "all of it")
    words = ("sets", "changes", "resets")
    parts = [f"{word} {', '.join(keys)}" for word, keys in zip(words, verbs.values(), strict=True) if keys]
    return f"configuration {', '.join(parts)}" if parts else ""


def _components(old: Any, new: Any) -> Iterator[tuple[Keys, Kind]]:
    if is_unknown(new) or not isinstance(old, Mapping):
        yield (), Kind.UPDATE if old else Kind.ADD
        return
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before is None or after is None or is_unknown(after):
            yield (name,), Kind.ADD if before is None else Kind.DELETE if after is None else Kind.UPDATE
            continue
        yield from walk(before.get("componentVersion"), after.get("componentVersion"), (name, "componentVersion"))
        yield from _config(before.get("config"), after.get("config"), (name, "config"))
        yield from walk(before.get("runWith"), after.get("runWith"), (name, "runWith"))
        yield from walk(before.get("reset") or None, otherwise(after.get("reset"), None), (name, "reset"))


def _config(old: Any, new: Any, keys: Keys) -> Iterator[tuple[Keys, Kind]]:
    if isinstance(old, str) or isinstance(new, str):
        # The text of JSON has no inside for the engine to show; the change is shown as one.
        before = configuration({"config": old})
        after = None if contains_unknown(new) else configuration({"config": new})
        if after is None or canonical_json(before) != canonical_json(after):
            yield keys, Kind.ADD if not before else Kind.UPDATE if after or after is None else Kind.DELETE
        return
    yield from walk(old or None, otherwise(new, None), keys)


def _explicit_resets(inputs: Mapping[str, Any]) -> dict[str, set[str]]:
    components: Mapping[str, Mapping[str, Sequence[str]]] = inputs.get("components") or {}
    return {name: set(component.get("reset") or ()) for name, component in components.items()}
