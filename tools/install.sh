#!/bin/sh
# Installs the named Debian packages; ./dev runs it as root. No service that a package brings is
# started: the tests start what they need themselves, on free ports.
set -eu
export DEBIAN_FRONTEND=noninteractive

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

install() {
  apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 -- "$@"
}
# A fresh system has no package lists, an old one outdated lists: both fail the first attempt.
install "$@" || { apt-get update && install "$@"; }
