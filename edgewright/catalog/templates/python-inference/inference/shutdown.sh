#!/bin/sh
# Stops the worker and waits for its end; no worker is no error. A number that another program has by now is left alone.
set -eu
cd "$INFERENCE_WORK"
[ -f pid ] || exit 0
worker=$(cat pid)
looks=0
while tr '\0' ' ' <"/proc/$worker/cmdline" 2>/dev/null | grep -qF "$INFERENCE_HOME/worker.py"; do
    if [ "$looks" -gt 50 ]; then
        kill -9 "$worker" 2>/dev/null || :
    elif [ "$looks" -eq 0 ]; then
        kill "$worker" 2>/dev/null || :
    fi
    looks=$((looks + 1))
    sleep 0.2
done
rm -f pid
