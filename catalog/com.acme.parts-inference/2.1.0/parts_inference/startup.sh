#!/bin/sh
# Starts the worker and succeeds only when it has loaded the model and classified with it: so that a deployment fails,
# and rolls back, on a model that does not load. The worker stays in this script's process group.
set -eu
PYTHONPATH=${PARTS_HOME%/*}
PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH PYTHONDONTWRITEBYTECODE
cd "$PARTS_WORK"
python=$(cat interpreter)

"$python" -m parts_inference stop # one that a crash of the nucleus left behind
rm -f ready.json
nohup "$python" -m parts_inference serve </dev/null >worker.log 2>&1 &
worker=$!

looks=0
until [ -f ready.json ]; do
    if ! kill -0 "$worker" 2>/dev/null; then
        echo "parts-inference did not start:" >&2
        cat worker.log >&2
        exit 1
    fi
    looks=$((looks + 1))
    if [ "$looks" -gt 500 ]; then
        kill -9 "$worker" 2>/dev/null || :
        echo "parts-inference was not ready after 100 s; its log:" >&2
        cat worker.log >&2
        exit 1
    fi
    sleep 0.2
done
cat ready.json
