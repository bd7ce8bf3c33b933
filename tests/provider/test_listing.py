"""Many reads share one listing; a few do not need it, and a change of ours ends it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgewright.aws.errors import AwsError
from edgewright.provider.listing import Item, LatestDeployments


class Fake:
    """Ten targets; it counts the calls."""

    def __init__(self) -> None:
        self.alone: list[str] = []
        self.listings = 0
        self.now = 0.0
        self.refuse = False
        self.latest = LatestDeployments(self.one, self.every, lambda: self.now)

    async def one(self, target: str) -> Item | None:
        self.alone.append(target)
        return {"targetArn": target, "deploymentId": f"own {target}"} if target != "nowhere" else None

    async def every(self) -> list[Item]:
        self.listings += 1
        await asyncio.sleep(0)
        if self.refuse:
            msg = "no"
            raise AwsError(msg)
        return [{"targetArn": f"t{n}", "deploymentId": f"listed t{n}"} for n in range(100)]

    async def read(self, *targets: str) -> list[Any]:
        found = await asyncio.gather(*(self.latest.of(target) for target in targets))
        return [item and item["deploymentId"] for item in found]


def test_a_few_ask_for_themselves_and_many_share_one_listing() -> None:
    fake = Fake()
    found = asyncio.run(fake.read(*(f"t{n}" for n in range(100))))
    assert (fake.alone, fake.listings) == (["t0", "t1", "t2", "t3"], 1)
    assert found == [f"own t{n}" for n in range(4)] + [f"listed t{n}" for n in range(4, 100)]


def test_what_the_listing_lacks_is_asked_for_before_it_is_gone() -> None:
    async def main() -> None:
        fake = Fake()
        await fake.read("t0", "t1", "t2", "t3")
        assert await fake.read("t100", "nowhere") == ["own t100", None]

    asyncio.run(main())


def test_a_listing_is_dropped_when_it_is_old_or_something_was_changed() -> None:
    async def main() -> None:
        fake = Fake()
        await fake.read(*(f"t{n}" for n in range(6)))
        await fake.read("t7")
        assert fake.listings == 1
        fake.latest.changed()
        await fake.read("t7", "t8")
        assert fake.listings == 2
        fake.now += 31
        await fake.read("t7")
        assert fake.listings == 3

    asyncio.run(main())


def test_a_listing_that_failed_is_told_to_all_and_tried_again() -> None:
    async def main() -> None:
        fake = Fake()
        await fake.read("t0", "t1", "t2", "t3")
        fake.refuse = True
        with pytest.raises(AwsError):
            await fake.read("t4", "t5")
        fake.refuse = False
        assert await fake.read("t4") == ["listed t4"]

    asyncio.run(main())
