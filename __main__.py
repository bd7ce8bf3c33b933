"""The Pulumi program: settings -> manifests -> components -> exports."""

from pathlib import Path

import pulumi

from components.settings import Settings
from components.stacks import build
from edgewright.errors import EdgewrightError
from edgewright.manifest.load import load_project

try:
    exports = build(load_project(Path(__file__).resolve().parent), Settings.from_config())
except EdgewrightError as error:
    # The engine shows a RunError as one message, without the stack of calls.
    raise pulumi.RunError(str(error)) from error

for name, value in exports.items():
    pulumi.export(name, value)
