"""How long a rollout takes at its rate, as AWS IoT Jobs hands it out. Pure.

Source: "How job configurations work" of the AWS IoT developer guide: a constant rate is so many things a minute; an
exponential one begins at its base and is multiplied each time that so many things more were notified, or have
succeeded, and never passes the maximum.
"""

from __future__ import annotations

import math

from edgewright.manifest.model import Rate, Rollout

FASTEST = 1000
"""Devices a minute where a manifest gives no rate: the default and the most of AWS IoT Jobs."""


def minutes(devices: int, rate: Rate | None) -> int:
    """Return the minutes until the last of ``devices`` online devices is told, when each that is told succeeds.

    It is a lower bound: devices that are offline, slow or failing make it longer, never shorter.
    """
    if rate is None:
        return math.ceil(devices / FASTEST)
    if rate.base is None or rate.after is None:
        return math.ceil(devices / rate.max)
    threshold = rate.after.succeeded or rate.after.notified or 1
    told, elapsed = 0, 0
    while told < devices:
        steps = told // threshold
        # beyond this many the power overflows a float, and the maximum has been reached long before
        speed = (
            rate.max if steps > 200 and (rate.factor or 1) > 1 else rate.base * (rate.factor or 1) ** min(steps, 200)
        )
        told += max(1, math.floor(min(speed, rate.max)))
        elapsed += 1
    return elapsed


def rate_in_words(rate: Rate | None) -> str:
    """Return the rate as a reader says it."""
    if rate is None:
        return "all at once"
    if rate.base is None or rate.after is None or rate.factor is None:
        return f"{rate.max} a minute"
    what = "succeeded" if rate.after.succeeded is not None else "were told"
    count = rate.after.succeeded or rate.after.notified
    return f"{rate.base} a minute, times {rate.factor:g} after every {count} that {what}, at most {rate.max}"


def abort_in_words(rollout: Rollout) -> str:
    """Return when the rollout stops by itself."""
    words = {"failed": "failed", "rejected": "refused it", "timedOut": "timed out", "all": "did not succeed"}
    return "; ".join(
        f"stops when more than {percent(each.above)} of at least {each.after} {words[each.on]}"
        for each in rollout.abort
    )


def percent(share: float) -> str:
    """Return a share from 0 to 1 as a percentage without needless digits."""
    return f"{round(share * 100, 2):g}%"
