# Sourced by a benchmark after _stages.sh, for --dry-run: stages print the commands that they would run.
#
# $out is a temporary folder, $shown the one that the user named. Programs become functions that print their arguments;
# the script's own loops and conditions run as they are.
# shellcheck shell=bash disable=SC2154 # $here, $out and $shown are the sourcing script's

exec 3>&1 # a function's output may go to a log
mkdir -p "$out"/{data,data-bin,models,evaluations,logs,backtranslated,ablation/{evaluations,labels-}} # redirections are real

stage() {
  local name=$1 title=$2
  shift 2
  stage_number=$((stage_number + 1))
  printf '[%d/%d] %s: %s\n' "$stage_number" "$stage_total" "$name" "$title"
  (set -euo pipefail; "$@")
}

show() { # in one write: two may come at the same time
  local line
  line=$(printf '%q ' "$@")
  printf '    %s\n' "${line//"$out"/"$shown"}" >&3
}

run_script() { show "$here/$1" "${@:2}"; }
for _tool in python fairseq-train fairseq-preprocess fairseq-generate fairseq-interactive fairseq-cft-evaluate; do
  eval "$_tool() { show $_tool \"\$@\"; }"
done
for _tool in rm head tail cat touch grep cut awk wc; do
  eval "$_tool() { :; }"
done
