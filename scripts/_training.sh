# Sourced by the benchmark scripts: trainings that go on where a kill left them.
#
#   models=DIR common=(options of every training); train NAME DATA options...
#
# What a user gave after --, $more, comes last: argparse takes the last value of an option. $models/NAME/recipe holds the
# options and $settings, $models/NAME/starts checksums of the files that the options name, such as the denoiser: a folder
# of another recipe or another start is thrown away, one of the same is resumed from its last checkpoint, or left alone
# if it was finished. $models/NAME/train.log holds what the training printed, also before a kill.
# shellcheck shell=bash disable=SC2154 # $models, $common and $more are the sourcing script's

checksum() { # FILE...: of what a recipe depends on besides its options, for $settings
  [[ ${dry_run:-no} == yes ]] || cat "$@" | cksum
}

train() { # NAME DATA options...
  local folder=${models:?}/$1 data=$2
  shift 2
  set -- "$@" "${more[@]}"
  local command=(fairseq-train "$data" "${common[@]}" --no-epoch-checkpoints --save-dir "$folder" "$@")
  local recipe="${settings:-}
${command[*]}"
  local word starts
  starts=$(for word in "$@"; do [[ $word != /* || ! -f $word ]] || cksum <"$word"; done)
  if [[ ! -f $folder/recipe || $(<"$folder/recipe") != "$recipe" ]] ||
    [[ -f $folder/starts && $(<"$folder/starts") != "$starts" ]]; then
    rm -rf "$folder"
  fi
  mkdir -p "$folder"
  echo "$recipe" >"$folder/recipe"
  echo "$starts" >"$folder/starts"
  [[ ! -f $folder/finished ]] || return 0
  "${command[@]}" 2>&1 | tee -a "$folder/train.log" && touch "$folder/finished" # callers have set pipefail
}
