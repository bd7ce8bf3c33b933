"""Starting, finding and stopping a sandbox; its clients and its devices.

A sandbox lives in a directory: ``server.json`` (endpoint, accounts, the administrator's key), pid files, logs and the
devices' folders. Whatever is started here is stopped here; with ``tied`` it also ends with the process that began it.
Longer than most modules: a sandbox has one face, and this is all of it.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from edgewright.errors import EdgewrightError
from edgewright.sandbox import kept, provisioning
from edgewright.sandbox.accounts import ORGANIZATION_ROLE, TOOLING, Accounts
from edgewright.sandbox.processes import Process

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_POLL = 120.0  # seconds to wait for an answer of the server
_SESSION = 3000.0  # seconds that a client is used; the credentials behind it end after an hour


@dataclass
class Sandbox:
    """A sandbox that runs, or ran, in ``directory``."""

    directory: Path
    document: dict[str, Any]
    _server: Process
    _devices: Process
    _lifeline: int | None = None
    _clients: dict[tuple[str, str, str], tuple[float, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, directory: Path) -> Sandbox:
        """The sandbox of a directory.

        Raises:
            EdgewrightError: none was started there.
        """
        try:
            document = json.loads((directory / "server.json").read_text("utf-8"))
        except FileNotFoundError as error:
            msg = f"there is no sandbox in {directory}; start one with `edgewright sandbox up`"
            raise EdgewrightError(msg) from error
        except ValueError as error:
            msg = f"{directory / 'server.json'} is damaged ({error}); `edgewright sandbox down`, then `up`"
            raise EdgewrightError(msg) from error
        return cls(directory, document, Process(directory / "server.pid"), Process(directory / "devices.pid"))

    @classmethod
    def stop_any(cls, directory: Path) -> bool:
        """Stop what runs in a directory, whatever state it is in; say whether anything did."""
        devices = Process(directory / "devices.pid").stop()
        server = Process(directory / "server.pid").stop()
        (directory / "server.json").unlink(missing_ok=True)
        return devices or server

    # --- processes --------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the server is there."""
        return self._server.pid is not None

    @property
    def devices_running(self) -> bool:
        """Whether the process that runs the simulated devices is there."""
        return self._devices.pid is not None

    @property
    def pids(self) -> dict[str, int | None]:
        """Process ids by part."""
        return {"server": self._server.pid, "devices": self._devices.pid}

    def start_devices(self) -> None:
        """Start the process that runs all registered devices, unless it runs."""
        if self.devices_running:
            return
        command = [sys.executable, "-m", "edgewright.sandbox.device"]
        command += ["--server", self.endpoint, "--directory", str(self.directory)]
        self._devices = Process.spawn(
            command, self.directory / "devices.pid", self.directory / "devices.log", environment=_environment()
        )

    def stop_devices(self) -> bool:
        """Stop all simulated devices; they stay registered."""
        return self._devices.stop()

    def stop(self, *, keep: bool = False) -> bool:
        """Stop devices and server; say whether anything ran.

        Args:
            keep: Write the world down first, for ``start`` with ``resume``.
        """
        stopped = self.stop_devices()
        if keep:
            self.private("POST", "/_edgewright/keep", {})
        stopped = self._server.stop() or stopped
        self.close()
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
        (self.directory / "server.json").unlink(missing_ok=True)
        return stopped

    def close(self) -> None:
        """Give up the clients; the sandbox runs on."""
        for _, client in self._clients.values():
            client.close()
        self._clients.clear()

    def __enter__(self) -> Self:
        """Use as a context: stopped at its end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    # --- AWS --------------------------------------------------------------------------------------------------

    @property
    def endpoint(self) -> str:
        """The value of AWS_ENDPOINT_URL."""
        return str(self.document["endpoint"])

    @property
    def region(self) -> str:
        """The organisation's Region."""
        return str(self.document["region"])

    @property
    def accounts(self) -> Mapping[str, str]:
        """Account ids by name."""
        accounts: dict[str, str] = self.document["accounts"]
        return accounts

    @property
    def administrator(self) -> Mapping[str, str]:
        """``accessKeyId`` and ``secretAccessKey`` of the administrator of the tooling account."""
        administrator: dict[str, str] = self.document["administrator"]
        return administrator

    def account_id(self, name: str) -> str:
        """The id of an account by its name, or of an id itself.

        Raises:
            EdgewrightError: there is none of that name.
        """
        if name in self.accounts:
            return self.accounts[name]
        if name in self.accounts.values():
            return name
        msg = f"the sandbox has no account {name!r}; it has {', '.join(sorted(self.accounts))}"
        raise EdgewrightError(msg)

    def aws_environment(self) -> dict[str, str]:
        """What an AWS client needs to find the sandbox, as the administrator of the tooling account."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.administrator["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self.administrator["secretAccessKey"],
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            # S3 Control goes to http://<account>.127.0.0.1:PORT, which only a proxy can reach
            "HTTP_PROXY": self.endpoint,
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def env(self, project_root: Path) -> dict[str, str]:
        """Variables for a shell or the Pulumi engine in ``project_root`` (see ``environment``)."""
        from edgewright.sandbox import environment  # noqa: PLC0415 -- PyYAML, which few need

        environment.prepare(self, project_root)
        return environment.environment(self, project_root)

    def client(self, service: str, account: str = TOOLING, region: str | None = None) -> Any:
        """A boto3 client with the rights of an administrator of ``account`` (a name or an id)."""
        key = (service, self.account_id(account), region or self.region)
        made, client = self._clients.get(key, (0.0, None))
        if client is None or time.monotonic() - made > _SESSION:
            client = self._client(*key)
            self._clients[key] = (time.monotonic(), client)
        return client

    def _client(self, service: str, account: str, region: str) -> Any:
        import boto3  # noqa: PLC0415 -- half a second that `sandbox down` does not need
        from botocore.config import Config  # noqa: PLC0415

        credentials = {
            "aws_access_key_id": self.administrator["accessKeyId"],
            "aws_secret_access_key": self.administrator["secretAccessKey"],
        }
        if account != self.accounts[TOOLING]:
            session = self.client("sts").assume_role(
                RoleArn=f"arn:aws:iam::{account}:role/{ORGANIZATION_ROLE}", RoleSessionName="sandbox-control"
            )["Credentials"]
            credentials = {
                "aws_access_key_id": session["AccessKeyId"],
                "aws_secret_access_key": session["SecretAccessKey"],
                "aws_session_token": session["SessionToken"],
            }
        config = Config(
            retries={"total_max_attempts": 2},
            proxies={"http": self.endpoint} if service == "s3control" else {},
            s3={"addressing_style": "path"},
        )
        boto: Any = boto3.session.Session()  # its overloads name every service there is
        return boto.client(service, endpoint_url=self.endpoint, region_name=region, config=config, **credentials)

    # --- devices ----------------------------------------------------------------------------------------------

    def add_device(
        self,
        thing: str,
        *,
        fleet: str,
        stage: str,
        ring: str | None = None,
        account: str | None = None,
        region: str | None = None,
        **knobs: Any,
    ) -> dict[str, Any]:
        """Make a core device as a factory would, and switch it on (see ``provisioning``)."""
        place = provisioning.Place(fleet, stage, ring, self.account_id(account or stage), region or self.region)
        return provisioning.add(self, thing, place, knobs)

    def provision_device(
        self,
        claim: provisioning.Claim,
        *,
        fleet: str,
        stage: str,
        account: str | None = None,
        region: str | None = None,
        **knobs: Any,
    ) -> dict[str, Any]:
        """Let a new device provision itself with a claim certificate, and switch it on (see ``provisioning``)."""
        place = provisioning.Place(fleet, stage, None, self.account_id(account or stage), region or self.region)
        return provisioning.provision(self, claim, place, knobs)

    def set_device(self, thing: str, **knobs: Any) -> dict[str, Any]:
        """Change knobs of a device (``offline``, ``slow``, ``fail``)."""
        device = self.device(thing)
        return self.put_device(device["account"], thing, {"knobs": knobs})

    def put_device(self, account: str, thing: str, value: Mapping[str, Any]) -> dict[str, Any]:
        """Register a device or change it."""
        path = f"/_edgewright/devices/{account}/{urllib.parse.quote(thing, safe='')}"
        answer: dict[str, Any] = self.private("PUT", path, value)
        return answer

    def remove_device(self, thing: str) -> None:
        """Switch a device off for good and take away its certificate and thing (see ``provisioning``)."""
        provisioning.remove(self, self.device(thing))

    def forget_device(self, account: str, thing: str) -> None:
        """Take a device out of the registry only."""
        self.private("DELETE", f"/_edgewright/devices/{account}/{urllib.parse.quote(thing, safe='')}")

    def device(self, thing: str) -> dict[str, Any]:
        """A registered device.

        Raises:
            EdgewrightError: there is none, or there are several in different accounts.
        """
        found = [device for device in self.devices() if device["thing"] == thing]
        if len(found) != 1:
            what = "no device" if not found else "more than one device"
            msg = f"the sandbox has {what} named {thing!r}; see `edgewright sandbox device list`"
            raise EdgewrightError(msg)
        return found[0]

    def devices(self) -> list[dict[str, Any]]:
        """All registered devices."""
        found: list[dict[str, Any]] = self.private("GET", "/_edgewright/devices")["devices"]
        return found

    def device_directory(self, thing: str) -> Path:
        """The folder that is the device's disk."""
        return self.directory / "devices" / str(self.device(thing)["account"]) / thing

    def device_configuration(self, thing: str, component: str) -> dict[str, Any]:
        """A component's configuration as it is on the device now; empty when it has none."""
        try:
            text = (self.device_directory(thing) / "config.json").read_text("utf-8")
        except FileNotFoundError:
            return {}
        configuration: dict[str, Any] = json.loads(text).get(component, {})
        return configuration

    def add_light_devices(
        self,
        prefix: str,
        count: int,
        *,
        fleet: str,
        stage: str,
        ring: str | None = None,
        groups: Iterable[str] = (),
        account: str | None = None,
        region: str | None = None,
        **knobs: Any,
    ) -> list[dict[str, Any]]:
        """Make ``count`` light devices (``<prefix>00001`` and so on) as a factory would; returns the batches.

        They take deployments by the same rules as other devices, but nothing is downloaded and no script runs.

        Args:
            prefix: Of their names.
            count: How many.
            fleet: Whose policy and role alias they get.
            stage: Where the fleet lives.
            ring: The ring that they join by themselves.
            groups: Further thing groups that they join, now or when they appear.
            account: The account (default: the stage's).
            region: The Region (default: the sandbox's).
            knobs: ``slow``, ``fail``, ``offline``, ``start`` (number of the first), ``platform``, ``nucleusVersion``.
        """
        place = provisioning.Place(fleet, stage, ring, self.account_id(account or stage), region or self.region)
        value = {"prefix": prefix, "count": count, **provisioning.light(place, groups, knobs)}
        made: list[dict[str, Any]] = self.private("POST", f"/_edgewright/light-devices/{place.account}", value)
        return made

    def light_devices(self) -> list[dict[str, Any]]:
        """The batches of light devices: how many there are, are online, have something broken."""
        found: list[dict[str, Any]] = self.private("GET", "/_edgewright/light-devices")
        return found

    def remove_light_devices(self, prefix: str, account: str | None = None) -> int:
        """Take away the light devices whose names begin so, of one account or of all; returns how many."""
        where = self.account_id(account) if account is not None else "all"
        path = f"/_edgewright/light-devices/{where}/{urllib.parse.quote(prefix, safe='')}"
        return int(self.private("DELETE", path)["removed"])

    def fault_devices(self, kind: str, *devices: str, **parameters: Any) -> str:
        """Let something go wrong with devices (see ``device_faults.KINDS``); returns the fault's id.

        Args:
            kind: Such as ``fail-component`` or ``offline``.
            devices: Names of things, with ``*`` and ``?``; all devices when there is none.
            parameters: Of the kind, and ``share``, ``seed``, ``account``.
        """
        value = {"kind": kind, "devices": list(devices), **parameters}
        return str(self.private("POST", "/_edgewright/device-faults", value)["id"])

    def device_faults(self) -> list[dict[str, Any]]:
        """The faults that stand."""
        found: list[dict[str, Any]] = self.private("GET", "/_edgewright/device-faults")
        return found

    def clear_device_faults(self, identifier: str | None = None) -> int:
        """End a fault, or all; returns how many."""
        path = "/_edgewright/device-faults" + (f"/{urllib.parse.quote(identifier, safe='')}" if identifier else "")
        return int(self.private("DELETE", path)["cleared"])

    def fault_calls(self, kind: str, **parameters: Any) -> str:
        """Let something go wrong with calls to AWS (see ``call_faults.KINDS``); returns the fault's id.

        Args:
            kind: Such as ``throttle`` or ``lost-connection``.
            parameters: Of the kind, and those of ``call_faults.COMMON``: ``service``, ``operation``, ``times``, ...
        """
        return str(self.private("POST", "/_edgewright/call-faults", {"kind": kind, **parameters})["id"])

    def call_faults(self) -> list[dict[str, Any]]:
        """The faults that stand, with how many calls each saw and hit."""
        found: list[dict[str, Any]] = self.private("GET", "/_edgewright/call-faults")
        return found

    def clear_call_faults(self, identifier: str | None = None) -> int:
        """End a fault, or all; returns how many."""
        path = "/_edgewright/call-faults" + (f"/{urllib.parse.quote(identifier, safe='')}" if identifier else "")
        return int(self.private("DELETE", path)["cleared"])

    # --- the sandbox's own paths ------------------------------------------------------------------------------

    def calls(self) -> list[dict[str, Any]]:
        """The AWS calls that were answered, oldest first."""
        found: list[dict[str, Any]] = self.private("GET", "/_edgewright/calls")
        return found

    def forget_calls(self) -> None:
        """Count from here."""
        self.private("DELETE", "/_edgewright/calls")

    def keep_decisions(self) -> None:
        """Keep from now on what the evaluator of permissions is asked."""
        self.private("PUT", "/_edgewright/decisions")

    def decisions(self) -> list[dict[str, str]]:
        """What the evaluator was asked since: ``who``, ``action``, ``resource``, once each."""
        found: list[dict[str, str]] = self.private("GET", "/_edgewright/decisions")
        return found

    def refused_now(self, actions: Sequence[str]) -> list[str]:
        """Ask again what was asked about some actions; the sentences of what is refused as the policies are now."""
        found: list[str] = self.private("POST", "/_edgewright/decisions", {"actions": list(actions)})["refused"]
        return found

    def would(self, role: str, action: str, resource: str, **context: str) -> str:
        """The sentence by which a role (its ARN) would be refused now; empty when it may."""
        value = {"role": role, "action": action, "resource": resource, "context": context}
        return str(self.private("POST", "/_edgewright/decisions", value)["sentence"])

    def identity_token(self, issuer: str, claims: Mapping[str, Any], lifetime: int = 300) -> str:
        """A token as a forge gives it to a pipeline, for AssumeRoleWithWebIdentity.

        Args:
            issuer: Host of the issuer, such as token.actions.githubusercontent.com.
            claims: ``sub``, ``aud`` and what the issuer has besides.
            lifetime: Seconds.
        """
        value = {"issuer": issuer, "claims": dict(claims), "lifetime": lifetime}
        return str(self.private("POST", "/_edgewright/tokens", value)["token"])

    def reset(self) -> None:
        """Empty all accounts and the device registry; the administrator's credentials stay."""
        self.private("POST", "/_edgewright/reset", {})

    def set_speed(self, speed: float) -> None:
        """Let the sandbox's clock run ``speed`` times as fast as the machine's."""
        self.private("PUT", "/_edgewright/speed", {"speed": speed})

    def private(self, method: str, path: str, value: Mapping[str, Any] | None = None) -> Any:
        """Ask one of the sandbox's own paths.

        Raises:
            EdgewrightError: the server is not there, or says no.
        """
        return self._ask(method, path, value, {})

    def as_device(
        self, method: str, path: str, value: Mapping[str, Any] | None = None, *, client: str, certificate: str
    ) -> Any:
        """Ask as a device with a certificate does (see ``dataplane``).

        Raises:
            EdgewrightError: the server is not there, or says no.
        """
        headers = {"X-Edgewright-Thing": client, "X-Edgewright-Certificate": certificate}
        return self._ask(method, path, value, headers)

    def _ask(self, method: str, path: str, value: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Any:
        data = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(  # noqa: S310 -- the loopback address of server.json
            self.endpoint + path, data=data, method=method, headers={"Content-Type": "application/json", **headers}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_POLL) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                said = json.loads(error.read())
                message = said.get("message") or said.get("errorMessage") or str(error)
            raise EdgewrightError(message) from error
        except OSError as error:
            msg = f"the sandbox at {self.endpoint} does not answer ({error}); `edgewright sandbox up` starts it again"
            raise EdgewrightError(msg) from error


def _environment() -> dict[str, str]:
    """For our own processes: they find this package, and nothing of the user's AWS."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        environment.pop(name, None)
    before = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = str(_PACKAGE_ROOT) + (os.pathsep + before if before else "")
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


def start(
    directory: Path,
    *,
    accounts: Accounts | None = None,
    port: int = 0,
    speed: float | None = None,
    devices: bool = False,
    tied: bool = True,
    resume: bool = False,
) -> Sandbox:
    """Start a sandbox in ``directory`` and wait until it listens.

    Args:
        directory: Its folder; one sandbox at a time.
        accounts: Account ids and Region; the sample organisation's by default.
        port: A fixed port, or 0 for any that is free.
        speed: Seconds of the sandbox's clock (rollout rates, time-outs) in one second of the machine.
        devices: Also start the process that runs the simulated core devices.
        tied: Whether the server ends when this process does, however it ends.
        resume: Go on with the world that ``Sandbox.stop(keep=True)`` left in the directory, at its port if it is free.

    Raises:
        EdgewrightError: one runs there already, or the server could not start.
    """
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    world = kept.read(directory) if resume else None
    if resume and world is None:
        msg = f"no world was kept in {directory}; `edgewright sandbox down --keep` keeps one"
        raise EdgewrightError(msg)
    if world is not None:
        accounts, port = Accounts(world.accounts, world.region), port or world.port
    file = directory / "server.pid"
    if Process(file).pid is not None:
        msg = f"a sandbox runs in {directory} already"
        raise EdgewrightError(msg)
    (directory / "server.json").unlink(missing_ok=True)
    told, ready = os.pipe()
    descriptors = [ready]
    command = [sys.executable, "-m", "edgewright.sandbox", "--directory", str(directory), "--port", str(port)]
    command += ["--ready", str(ready)]
    if speed is not None:
        command += ["--speed", str(speed)]
    if world is not None:
        command.append("--resume")
    if accounts is not None:
        command += ["--accounts", accounts.to_json()]
    lifeline = None
    if tied:
        held, lifeline = os.pipe()
        descriptors.append(held)
        command += ["--lifeline", str(held)]
    server = Process.spawn(command, file, directory / "server.log", environment=_environment(), descriptors=descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    with os.fdopen(told, "rb") as opened:
        listening = opened.read() == b"ready\n"
    if not listening:
        server.stop()
        if lifeline is not None:
            os.close(lifeline)
        log = directory / "server.log"
        last = log.read_text("utf-8", "replace").strip().splitlines()[-1:] or ["(no output)"]
        msg = f"the sandbox could not start: {last[0]}; the whole story is in {log}"
        raise EdgewrightError(msg)
    loaded = Sandbox.load(directory)
    sandbox = Sandbox(directory, loaded.document, server, Process(directory / "devices.pid"), lifeline)
    if devices:
        sandbox.start_devices()
    return sandbox
