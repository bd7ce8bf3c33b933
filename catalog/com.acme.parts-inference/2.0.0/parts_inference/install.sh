#!/bin/sh
# Chooses the Python to run with: the device's own when it carries the pinned ONNX Runtime; else a virtual environment
# in the work folder, from requirements.txt with hashes, made once and made again when the pins change.
set -eu
PYTHONPATH=${PARTS_HOME%/*}
PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH PYTHONDONTWRITEBYTECODE
mkdir -p "$PARTS_WORK"

python=$(command -v python3) || {
    echo "parts-inference: there is no python3 on PATH; install Python 3.11 or later on the device" >&2
    exit 1
}
if ! why=$("$python" -m parts_inference runtime); then
    own=$PARTS_WORK/venv
    if ! { [ -x "$own/bin/python" ] && "$own/bin/python" -m parts_inference runtime; }; then
        echo "$python: $why; building $own"
        rm -rf "$own"
        "$python" -m venv "$own"
        "$own/bin/python" -m pip install --require-hashes --only-binary :all: --disable-pip-version-check \
            --quiet -r "$PARTS_HOME/requirements.txt"
    fi
    python=$own/bin/python
fi
printf '%s\n' "$python" >"$PARTS_WORK/interpreter.new"
mv "$PARTS_WORK/interpreter.new" "$PARTS_WORK/interpreter"
echo "parts-inference runs with $python"
