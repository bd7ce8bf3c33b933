"""The latest deployments of many targets from one listing, where a refresh reads many of them.

A refresh reads each resource by itself. For a few, one call each is cheapest; a program with a thousand rings would
make a thousand calls, and ListDeployments without a target answers a hundred at a time. So the first few reads ask for
their own target, and from then on all share one listing. It is a snapshot: shared for a short while only, and dropped
as soon as this plugin changes a deployment itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

Item = Mapping[str, Any]
"""An item of ListDeployments."""

_ALONE: Final = 4
"""So many reads ask for their own target."""
_FRESH: Final = 30.0
"""Seconds for which a listing is shared."""


class LatestDeployments:
    """Answers what the latest deployment of a target is.

    Args:
        one: Asks AWS for one target.
        every: Asks AWS for all targets of the account and Region.
        clock: Seconds that only grow; for tests.
    """

    def __init__(
        self,
        one: Callable[[str], Awaitable[Item | None]],
        every: Callable[[], Awaitable[list[Item]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._one, self._every, self._clock = one, every, clock
        self._alone = 0
        self._listing: asyncio.Future[dict[str, Item]] | None = None
        self._since = 0.0

    async def of(self, target: str) -> Item | None:
        """Return the latest deployment of ``target``, or None when it has none.

        Raises:
            AwsError: AWS could not be asked.
        """
        if self._alone < _ALONE:
            self._alone += 1
            return await self._one(target)
        if self._listing is None or self._clock() - self._since > _FRESH:
            self._since = self._clock()
            self._listing = asyncio.ensure_future(self._all())
        listing = self._listing
        try:
            # Shielded: that one reader is cancelled must not take the listing from the others.
            found = (await asyncio.shield(listing)).get(target)
        except Exception:
            if self._listing is listing:
                self._listing = None
            raise
        # What the listing does not have is asked for by itself before it is called gone.
        return found if found is not None else await self._one(target)

    def changed(self) -> None:
        """Drop the listing: a deployment was changed from here."""
        self._listing = None

    async def _all(self) -> dict[str, Item]:
        return {str(item["targetArn"]): item for item in await self._every() if item.get("targetArn")}
