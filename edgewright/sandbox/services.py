"""Our services beside moto's: which request is for which, and how both start and start again."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import BackendRequest
from moto.s3.models import s3_backends

from edgewright.sandbox import alarms, call_faults, devices
from edgewright.sandbox.accounts import ADMINISTRATOR, TOOLING, Accounts
from edgewright.sandbox.greengrassv2 import urls as greengrassv2_urls
from edgewright.sandbox.iam import models as _iam  # noqa: F401 -- takes the place of moto's backend
from edgewright.sandbox.iot import models as iot
from edgewright.sandbox.iotjobsdata import urls as iotjobsdata_urls
from edgewright.sandbox.s3 import models as _s3  # noqa: F401 -- takes the place of moto's backend
from edgewright.sandbox.sts import models as _sts  # noqa: F401 -- takes the place of moto's backend
from edgewright.sandbox.world import world

Wsgi = Callable[..., Iterable[bytes]]


class ServiceApp:
    """A service of ours as a WSGI application, from its ``url_paths``."""

    def __init__(self, url_paths: dict[str, Callable[..., Any]]) -> None:
        self._routes = [(re.compile(path.format("")), handler) for path, handler in url_paths.items()]

    def matches(self, path: str) -> bool:
        """Whether a path is one of this service's."""
        return any(pattern.match(path) for pattern, _ in self._routes)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """Answer with what the service's response class says."""
        request = BackendRequest(environ)
        for pattern, handler in self._routes:
            if pattern.match(environ["PATH_INFO"]):
                status, headers, body = handler(request, request.raw_url, dict(request.headers))
                data = body if isinstance(body, bytes) else body.encode()
                start_response(f"{status} ", [(k, str(v)) for k, v in headers.items() if k != "status"])
                return [data]
        start_response("404 ", [])
        return [b""]


_GREENGRASS = ServiceApp(greengrassv2_urls.url_paths)
_JOBS_DATA = ServiceApp(iotjobsdata_urls.url_paths)


# Our parts of services that moto takes long to load: they take the place of moto's when somebody first asks.
_LATE = {
    "ec2": "edgewright.sandbox.ec2.models",
    "events": "edgewright.sandbox.events.models",
    "lambda": "edgewright.sandbox.awslambda.models",
    "sagemaker": "edgewright.sandbox.sagemaker.models",
    "sns": "edgewright.sandbox.sns.models",
    "sqs": "edgewright.sandbox.sqs.models",
}


def application(service: str, path: str) -> Wsgi | None:
    """Our application for a signed request, or None when it is moto's."""
    if service in _LATE:
        importlib.import_module(_LATE[service])
    if service == "sagemaker" and path != "/":  # its control plane has no other path
        from edgewright.sandbox.sagemaker.agents import EdgeAgentResponse  # noqa: PLC0415 -- late, as above

        return ServiceApp({"{0}/.+$": EdgeAgentResponse.dispatch})
    if service == "greengrass" and _GREENGRASS.matches(path):
        return _GREENGRASS
    if service == "iot-jobs-data":
        return _JOBS_DATA
    return None


def install() -> None:
    """Let time pass for our services."""
    world.tickers += [iot.tick, devices.tick, alarms.tick]


def clear_backends() -> None:
    """Empty all accounts."""
    for backends in list(BackendDict._instances):  # noqa: SLF001 -- moto's own reset makes every backend anew first
        if backends is s3_backends:
            for account in backends.values():
                account.reset()  # closes the files of its objects
            backends.bucket_accounts.clear()
        backends.clear()


def reset() -> None:
    """Empty all accounts, and forget what our services hold outside of moto's backends."""
    clear_backends()
    devices.forget_all()
    call_faults.forget_all()
    reset_model_data()


def keep_access_key(accounts: Accounts, fresh: dict[str, str], kept: dict[str, str]) -> None:
    """Give the administrator of a fresh world the access key of the one before."""
    backend = iam_backends[accounts.ids[TOOLING]]["aws"]
    key = backend.access_keys.pop(fresh["accessKeyId"])
    key.access_key_id, key.secret_access_key = kept["accessKeyId"], kept["secretAccessKey"]
    key.user_name = ADMINISTRATOR
    backend.access_keys[key.access_key_id] = key
