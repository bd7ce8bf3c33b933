"""Starts the greengrassv2 provider, for engines that run plugins from source."""

from __future__ import annotations

import sys
from pathlib import Path

# The provider is a room of this checkout; it need not be installed to be found.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from edgewright.provider.main import main

main()
