"""The order in which several workers take tests: long ones first, so that none of them ends a run alone.

Workers begin with equal parts of the collection and steal from each other's ends (pytest-xdist's worksteal). So each
part begins with its share of what is known to be long. A block, the tests that one entry of `LONG` names, stays
together: they share what their module set up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

LONG: Mapping[str, float] = {
    "tests/end_to_end/test_demo.py::test_the_main_job_holds_with_a_real_aws_plugin": 277,
    "tests/end_to_end/test_demo.py::test_the_main_job_holds_with_the_stand_in": 90,
    "tests/pipelines/test_commands.py": 250,
    "tests/end_to_end/test_gitops.py": 125,
    "tests/components/test_engine.py::test_every_stack_comes_up_and_then_has_nothing_to_change[stand-in]": 112,
    "tests/components/test_engine.py::test_every_stack_comes_up_and_then_has_nothing_to_change[real]": 97,
    "tests/identity/test_root_of_trust.py": 180,
    "tests/standin/test_engine_parity.py": 121,
    "tests/standin/test_engine.py": 95,
    "tests/components/test_statements.py": 158,
    "tests/provider/test_engine.py::test_an_interrupt_is_noted_and_several_instances_work_side_by_side": 60,
    "tests/provider/test_engine.py::test_a_plugin_that_is_killed_at_any_moment_leaves_what_the_next_run_ends": 87,
    "tests/provider/test_engine.py": 270,
    "tests/end_to_end/test_model_events.py::test_from_an_approval_to_the_forge[real]": 127,
    "tests/end_to_end/test_model_events.py::test_from_an_approval_to_the_forge[stand-in]": 80,
    "tests/sandbox/test_verb.py": 75,
    "tests/standin/test_wire_parity.py": 75,
    "tests/end_to_end/test_by_hand.py": 27,
}
"""Beginning of a test's name -> seconds that they took in all, with three workers on two cores; the longest counts."""


class Item(Protocol):
    """As much of a collected test as matters here."""

    @property
    def nodeid(self) -> str:
        """Its name."""


T = TypeVar("T", bound=Item)


def in_shares(items: Sequence[T], workers: int, long: Mapping[str, float] = LONG) -> list[T]:
    """Return the tests in an order whose equal parts, one a worker, begin with equal shares of the long ones.

    Args:
        items: What was collected; the order of short tests stays.
        workers: How many.
        long: As `LONG`.
    """
    blocks: dict[str, list[T]] = {}
    short: list[T] = []
    for item in items:
        names = [name for name in long if item.nodeid.startswith(name)]
        if names:
            blocks.setdefault(max(names, key=len), []).append(item)
        else:
            short.append(item)
    shares: list[list[T]] = [[] for _ in range(workers)]
    seconds = [0.0] * workers
    for name in sorted(blocks, key=lambda name: (-long[name], name)):
        least = seconds.index(min(seconds))
        shares[least] += blocks[name]
        seconds[least] += long[name]
    ordered: list[T] = []
    for at, share in enumerate(shares):
        size = (len(items) - len(ordered)) // (workers - at)
        fill = max(size - len(share), 0)
        ordered += [*share, *short[:fill]]
        del short[:fill]
    return [*ordered, *short]
