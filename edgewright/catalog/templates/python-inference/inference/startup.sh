#!/bin/sh
# Starts the worker and succeeds only when it has loaded the model and asked it once.
set -eu
cd "$INFERENCE_WORK"
sh "$INFERENCE_HOME/shutdown.sh" # one that a crash of the nucleus left behind
rm -f ready
nohup "$(cat interpreter)" "$INFERENCE_HOME/worker.py" </dev/null >worker.log 2>&1 &
worker=$!
echo "$worker" >pid
looks=0
until [ -f ready ]; do
    if ! kill -0 "$worker" 2>/dev/null; then
        cat worker.log >&2
        exit 1
    fi
    looks=$((looks + 1))
    if [ "$looks" -gt 500 ]; then
        kill -9 "$worker" 2>/dev/null || :
        echo "the worker was not ready after 100 s" >&2
        cat worker.log >&2
        exit 1
    fi
    sleep 0.2
done
cat ready
