#!/bin/sh
# How many raw bounces a second `waypost explain` reads on one core; files that are named are read in
# the place of the made ones.
set -eu
cd "$(dirname "$0")/.."
cmake --preset release >/dev/null
cmake --build --preset release --target waypost-bench-bounces >/dev/null
exec build/release/waypost-bench-bounces "$@"
