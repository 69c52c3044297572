#!/bin/sh
# What signing a 10 KB message costs on one core, beside the signature of OpenSSL alone in the same run.
set -eu
cd "$(dirname "$0")/.."
cmake --preset release >/dev/null
cmake --build --preset release --target waypost-bench-dkim >/dev/null
exec build/release/waypost-bench-dkim
