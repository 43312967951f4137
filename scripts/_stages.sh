# Sourced by the benchmark scripts: stages that are skipped once done, done again after a death half-way, and logged.
#
#   out=DIR; start_stages NUMBER_OF_STAGES
#   stage NAME "what it does" function [arguments...]
#
# A stage's function runs in a subshell with set -e; what it prints goes to $out/logs/NAME.log. When it succeeded, and
# only then, $out/.done/NAME is written, with a digest of the function, its arguments and $settings: a stage whose
# recipe changed since, or after a stage that ran again, runs again. One run at a time works in $out: a stage that
# outlives a script killed by SIGKILL holds $out/.lock until it ends.
# shellcheck shell=bash disable=SC2154 # $out is the sourcing script's

stage_total=0 stage_number=0 stage_rerun=no

start_stages() {
  stage_total=$1
  mkdir -p "$out/logs" "$out/.done"
  exec {stage_lock}>"$out/.lock"
  flock --nonblock "$stage_lock" || {
    echo "another run, or a stage left by one that was killed, still works in $out: wait for it, or end it" >&2
    exit 1
  }
}

stage() {
  local name=$1 title=$2 log=$out/logs/$1.log done_file=$out/.done/$1 began=$SECONDS
  shift 2
  stage_number=$((stage_number + 1))
  local label
  label=$(printf '[%*d/%d] %-46s' ${#stage_total} "$stage_number" "$stage_total" "$title")
  local digest
  digest=$({ declare -f "$1"; printf '%s\n' "$@" "${settings:-}"; } | sha256sum | cut -d' ' -f1)
  if [[ $stage_rerun == no && -f $done_file && $(<"$done_file") == "$digest" ]]; then
    echo "$label done before"
    return
  fi
  stage_rerun=yes
  rm -f "$done_file"
  [[ ! -t 1 ]] || printf '%s' "$label"
  set -m # the stage gets a process group of its own, in which nothing can hide from an interruption
  (set -euo pipefail; "$@") >"$log" 2>&1 </dev/null &
  local job=$!
  set +m
  trap 'stop_stage "$job" 130' INT
  trap 'stop_stage "$job" 143' TERM
  trap 'stop_stage "$job" 129' HUP
  watch_stage "$job" "$log" "$label" "$began"
  local status=0
  wait "$job" || status=$?
  trap - INT TERM HUP
  ((status != 0)) || mark_done "$digest" "$done_file" 2>>"$log" || status=$?
  if ((status != 0)); then
    end_line "$label FAILED after $((SECONDS - began)) s"
    explain_failure "$name" "$log" >&2
    exit 1
  fi
  end_line "$(printf '%s %4d s' "$label" $((SECONDS - began)))"
}

mark_done() { # DIGEST FILE, whole or not at all
  echo "$1" >"$2.tmp" && mv "$2.tmp" "$2"
}

explain_failure() { # NAME LOG
  # a sentence for the user rather than a traceback, where there is one
  { grep 'error: ' "$2" || grep -v 'failed; its log: ' "$2"; } | tail -n 5 | sed 's/^ */    /' || true
  grep 'failed; its log: ' "$2" | sed 's/^ */    /' || true # of a seed, or of a script that was run
  [[ $(df --output=avail "$out" | tail -n 1) -gt 0 ]] || echo "    no space is left on the disk of $out"
  echo "    stage '$1' failed; its log: $2"
}

end_line() {
  if [[ -t 1 ]]; then printf '\r%s\033[K\n' "$1"; else echo "$1"; fi
}

# On a terminal: seconds so far and the latest figure in the log, on the stage's own line.
watch_stage() {
  local job=$1 log=$2 label=$3 began=$4 latest
  [[ -t 1 ]] || return 0
  while kill -0 "$job" 2>/dev/null; do
    latest=$(tail -c 2000 "$log" 2>/dev/null | grep -oE '"(epoch|num_updates)": [^,}]*' | tail -n 2 | tr -d '"\n') || true
    printf '\r%s %4d s  %s\033[K' "$label" $((SECONDS - began)) "${latest/:/}"
    sleep 1
  done
}

# A training starts workers; none of them may outlive an interrupted script. Five seconds to tidy up, then SIGKILL.
stop_stage() { # JOB EXIT_STATUS
  trap - INT TERM HUP
  kill -TERM -- "-$1" 2>/dev/null || true
  local tenths
  for ((tenths = 0; tenths < 60; tenths++)); do
    kill -0 -- "-$1" 2>/dev/null || break
    ((tenths != 50)) || kill -KILL -- "-$1" 2>/dev/null || true
    sleep 0.1
  done
  exit "$2"
}
