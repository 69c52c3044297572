#!/bin/sh
# How many events a second one core brings from the event log into the searchable records, and how fast
# these answer.  bench/records.sh [MESSAGES]
set -eu
cd "$(dirname "$0")/.."
cmake --preset release >/dev/null
cmake --build --preset release --target waypost-bench-records >/dev/null
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
build/release/waypost-bench-records "$folder/records" "${1:-500000}"
