# Sourced by the benchmarks: one function for several seeds, $jobs of them at once.
#
#   seeds=3 jobs=2; for_each_seed NAME FUNCTION [...]: FUNCTION SEED for every seed; each writes to $out/logs/NAME.SEED.log
#
# The first command that fails in FUNCTION ends that seed, and with it the others.
# shellcheck shell=bash disable=SC2154 # $seeds, $jobs and $out are the sourcing script's

for_each_seed() { # NAME FUNCTION; what else a stage was given only counts for its digest
  local name=$1 function=$2 seed
  local -A running=() # process -> seed
  ((jobs == 1)) || export OMP_NUM_THREADS=1
  for ((seed = 1; seed <= seeds; seed++)); do
    while ((${#running[@]} >= jobs)); do next_seed; done
    one_seed "$function" "$seed" "$out/logs/$name.$seed.log" &
    running[$!]=$seed
  done
  while ((${#running[@]})); do next_seed; done
}

one_seed() { # FUNCTION SEED LOG
  local status=0
  # in a subshell that is waited for: bash turns set -e off in all that stands left of && or ||
  (set -euo pipefail; "$1" "$2") >"$3" 2>&1 &
  wait $! || status=$?
  ((status != 0)) || return 0
  grep 'error: ' "$3" || tail -n 5 "$3"
  echo "seed $2 failed; its log: $3"
  return "$status"
}

next_seed() { # waits for one; when it failed, the others go too
  local job other
  wait -n || true # of two that end at the same moment bash 5.2 forgets one here, and answers 127 next time
  for job in "${!running[@]}"; do
    ! kill -0 "$job" 2>/dev/null || continue
    wait "$job" || { for other in "${!running[@]}"; do kill_tree "$other"; done; exit 1; }
    unset "running[$job]"
  done
}

kill_tree() { # JOB: ends it with all that it started
  local child
  for child in $(pgrep -P "$1"); do kill_tree "$child"; done
  kill "$1" 2>/dev/null || true
}
