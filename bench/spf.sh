#!/bin/sh
# How many SPF checks a second `mailauth` makes on one core.
set -eu
cd "$(dirname "$0")/.."
cmake --preset release >/dev/null
cmake --build --preset release --target waypost-bench-spf >/dev/null
exec build/release/waypost-bench-spf
