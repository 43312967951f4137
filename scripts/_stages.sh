# Sourced by the benchmark scripts: stages that are skipped once done, done again after a death half-way, and logged.
#
#   out=DIR; start_stages NUMBER_OF_STAGES
#   stage NAME "what it does" function [arguments...]
#
# A stage's function runs in a subshell with set -e; what it prints goes to $out/logs/NAME.log. When it succeeded, and
# only then, $out/.done/NAME is written, with a digest of the function, its arguments and $settings: a stage whose
# recipe changed since, or after a stage that ran again, runs again.
# shellcheck shell=bash disable=SC2154 # $out is the sourcing script's

stage_total=0 stage_number=0 stage_rerun=no

start_stages() {
  stage_total=$1
  mkdir -p "$out/logs" "$out/.done"
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
  (set -euo pipefail; "$@") >"$log" 2>&1 &
  local job=$!
  trap 'kill_tree '"$job"'; exit 130' INT TERM
  watch_stage "$job" "$log" "$label" "$began"
  local status=0
  wait "$job" || status=$?
  trap - INT TERM
  if ((status != 0)); then
    end_line "$label FAILED after $((SECONDS - began)) s"
    # a sentence for the user rather than a traceback, where there is one
    { grep -E 'error: ' "$log" || tail -n 5 "$log"; } | tail -n 5 | sed 's/^/    /' >&2
    echo "    stage '$name' failed; its log: $log" >&2
    exit 1
  fi
  echo "$digest" >"$done_file.tmp"
  mv "$done_file.tmp" "$done_file"
  end_line "$(printf '%s %4d s' "$label" $((SECONDS - began)))"
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

# A training starts workers; none of them may outlive an interrupted script.
kill_tree() {
  local child
  for child in $(pgrep -P "$1"); do kill_tree "$child"; done
  kill "$1" 2>/dev/null || true
}
