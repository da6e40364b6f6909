#!/bin/bash
# The dispatcher beside a Ray node without resources: whoever drives a job speaks to the cluster
# through a node of its own host, which Ray finds among the processes here. If either ends, both do,
# and whoever runs this starts both again.
#   NAS_RAY_ADDRESS=ray-head:6379 dispatcher --jobs 4
set -euo pipefail

ray start --address="${NAS_RAY_ADDRESS:?HOST:PORT of the Ray head}" \
  --num-cpus=0 --num-gpus=0 --object-store-memory=104857600 --block &
node=$!
nas dispatch "$@" &
dispatcher=$!

stopping=
stop() {
  stopping=1
  kill -TERM "$dispatcher" 2>/dev/null || true
}
trap stop TERM INT

wait -n "$node" "$dispatcher" || true
# The dispatcher first and to its end: jobs in flight are put down while the cluster is there.
[[ -n $stopping ]] || kill -TERM "$dispatcher" 2>/dev/null || true
while kill -0 "$dispatcher" 2>/dev/null; do wait "$dispatcher" || true; done
kill -TERM "$node" 2>/dev/null || true
wait "$node" || true
# Unasked, an end is a failure, whatever the status of what ended.
[[ -n $stopping ]]
