"""moto's SNS, where an empty filter policy takes the filter away, as it does at AWS."""

from __future__ import annotations

import json
from typing import Any

from moto.sns import urls as moto_urls
from moto.sns.models import SNSBackend, sns_backends

_FILTER = "FilterPolicy"


class SandboxSNSBackend(SNSBackend):
    """SNS of one account and Region."""

    @property
    def _url_module(self) -> Any:
        return moto_urls

    def set_subscription_attributes(self, arn: str, name: str, value: Any) -> None:
        """SetSubscriptionAttributes; ``{}`` is how clients say that there shall be no filter."""
        nothing = name == _FILTER and not json.loads(value or "{}")
        super().set_subscription_attributes(arn, name, None if nothing else value)
        if nothing:
            for subscription in self.subscriptions.values():
                if subscription.arn == arn:
                    subscription.attributes.pop(_FILTER, None)


sns_backends.backend = SandboxSNSBackend
