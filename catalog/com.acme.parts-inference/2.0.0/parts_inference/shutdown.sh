#!/bin/sh
# Stops the worker; no worker is no error.
set -eu
PYTHONPATH=${PARTS_HOME%/*}
PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH PYTHONDONTWRITEBYTECODE
cd "$PARTS_WORK"
"$(cat interpreter)" -m parts_inference stop
