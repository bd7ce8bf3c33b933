#!/bin/sh
# Chooses the Python to run with: the device's own when it carries ONNX Runtime; else a virtual environment in the work
# folder, made from requirements.txt with hashes.
set -eu
mkdir -p "$INFERENCE_WORK"
cd "$INFERENCE_WORK"
python=$(command -v python3) || {
    echo "there is no python3 on PATH; install Python 3.11 or later on the device" >&2
    exit 1
}
if ! "$python" -c 'import onnxruntime, numpy' 2>/dev/null; then
    if ! { [ -x venv/bin/python ] && venv/bin/python -c 'import onnxruntime, numpy' 2>/dev/null; }; then
        rm -rf venv
        "$python" -m venv venv
        venv/bin/python -m pip install --require-hashes --only-binary :all: --disable-pip-version-check --quiet \
            -r "$INFERENCE_HOME/requirements.txt"
    fi
    python=$INFERENCE_WORK/venv/bin/python
fi
printf '%s\n' "$python" >interpreter.new
mv interpreter.new interpreter
