# Sourced by the benchmark scripts: trainings that go on where a kill left them.
#
#   models=DIR common=(options of every training); train NAME DATA options...
#
# $models/NAME/recipe holds the options and $settings, $models/NAME/starts checksums of the files that the options name,
# such as the denoiser: a folder of another recipe or another start is thrown away, one of the same is resumed from its
# last checkpoint, or left alone if it was finished.
# shellcheck shell=bash disable=SC2154 # $models and $common are the sourcing script's

checksum() { # FILE...: of what a recipe depends on besides its options, for $settings
  [[ ${dry_run:-no} == yes ]] || cat "$@" | cksum
}

train() { # NAME DATA options...
  local folder=${models:?}/$1 data=$2
  shift 2
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
  "${command[@]}" && touch "$folder/finished"
}
