# Sourced by ./dev: what this machine must have, and running long commands quietly.

die() {
  printf 'dev: %s\n' "$1" >&2
  exit "${2:-1}"
}

# elapsed START: the time since START (seconds since 1970), as "4 s" or "2 m 5 s".
elapsed() {
  spent=$(($(date +%s) - $1))
  if [ "$spent" -lt 60 ]; then echo "$spent s"; else echo "$((spent / 60)) m $((spent % 60)) s"; fi
}

# quietly LABEL LOG COMMAND...: on a terminal a line of progress, then one closing line with the
# time. What the command prints goes to LOG, and is shown when it fails or with -v.
quietly() {
  label=$1 log=$2 began=$(date +%s)
  shift 2
  mkdir -p "${log%/*}"
  if { "$@" 2>&1 </dev/null && printf '\n%s\n' "$success"; } | follow >"$log"; then
    printf '%s: %s\n' "$label" "$(elapsed "$began")" >&2
    return 0
  fi
  [ -n "$verbose" ] || tail -n 200 "$log" >&2
  printf '%s: failed after %s; the whole output is in %s\n' "$label" "$(elapsed "$began")" "$log" >&2
  return 1
}

success='dev: the command succeeded'

# Copies standard input, shows where it stands, and succeeds when its last line says so (a pipe
# hides the exit status of the command before it).
follow() {
  line=
  while IFS= read -r line; do
    [ "$line" != "$success" ] || break
    printf '%s\n' "$line"
    if [ -n "$verbose" ]; then
      printf '%s\n' "$line" >&2
    elif [ -t 2 ]; then
      printf '\r\033[K%s: %.60s' "$label" "$line" >&2
    fi
  done
  [ -n "$verbose" ] || [ ! -t 2 ] || printf '\r\033[K' >&2
  [ "$line" = "$success" ]
}

# packages COLUMN GROUP...: a column of those groups of tools/packages.txt (1 package, 2 command).
packages() {
  column=$1
  shift
  awk -v column="$column" -v wanted=" $* " '
    /^\[/ { group = substr($1, 2, length($1) - 2); next }
    /^[a-z0-9]/ && index(wanted, " " group " ") && NF >= column { print $column }' tools/packages.txt
}

# Those of the named packages that are not installed, one a line.
missing_packages() {
  installed=$(dpkg-query -W -f '${db:Status-Abbrev}|${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^ii *|//p') || true
  for package in "$@"; do
    printf '%s\n' "$installed" | grep -qxF -- "$package" || echo "$package"
  done
}

is_debian_12() {
  [ -r /etc/os-release ] && (. /etc/os-release && [ "${ID-}" = debian ] && [ "${VERSION_ID-}" = 12 ])
}

# Sees to it that the packages of these groups are there; says what it installs, or nothing.
require() {
  is_debian_12 || {
    require_commands "$@"
    return
  }
  # Package names hold no spaces: from here on they are split on purpose.
  # shellcheck disable=SC2046,SC2086
  missing=$(missing_packages $(packages 1 "$@") | paste -sd ' ' -)
  [ -n "$missing" ] || return 0
  echo "Installing from Debian's packages: $missing" >&2
  if [ "$(id -u)" -eq 0 ]; then
    root=
  elif command -v sudo >/dev/null; then
    root=sudo
    sudo -v || die "sudo refused; as root, run: apt-get install $missing"
  else
    die "installing needs root and there is no sudo; as root, run: apt-get install $missing"
  fi
  # shellcheck disable=SC2086
  quietly 'installed' build/install.log $root sh tools/install.sh $missing ||
    die "the installation failed: mend what apt-get says above, then run ./dev again"
}

# Elsewhere nothing is installed: it goes on when the commands are there.
require_commands() {
  absent=
  for command in $(packages 2 "$@"); do
    command -v "$command" >/dev/null || absent="$absent $command"
  done
  [ -z "$absent" ] ||
    die "this is not Debian 12, and these commands are missing:$absent; install them, or use Debian 12"
  echo 'dev: this is not Debian 12: nothing is installed, and nobody has tried it here' >&2
}
