#!/bin/sh
# How many replies a second `classify` reads on one core, beside the same patterns tried one after the
# other in the same run.
set -eu
cd "$(dirname "$0")/.."
cmake --preset release >/dev/null
cmake --build --preset release --target waypost-bench-replies >/dev/null
exec build/release/waypost-bench-replies
