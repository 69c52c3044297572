#!/bin/sh
# every_mutation_is_found.sh WAYPOST-SIM [SEEDS]: plants each bug in turn; each must be found.
set -u
sim=$1
seeds=${2:-60}
missed=0
for mutation in $("$sim" --list-mutations); do
  if found=$("$sim" --mutation "$mutation" --seeds "$seeds" --until-found 2>/dev/null); then
    echo "$mutation: NOT FOUND in $seeds seeds"
    missed=$((missed + 1))
  else
    echo "$mutation: found by $(printf '%s\n' "$found" | head -n 1)"
  fi
done
exit "$missed"
