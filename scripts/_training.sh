# Sourced by the benchmark scripts: trainings that go on where a kill left them.
#
#   models=DIR common=(options of every training); train NAME DATA options...
#
# $models/NAME/recipe holds the options and $settings: a folder of another recipe is thrown away, one of the same recipe
# is resumed from its last checkpoint, or left alone if it was finished.
# shellcheck shell=bash disable=SC2154 # $models and $common are the sourcing script's

train() { # NAME DATA options...
  local folder=${models:?}/$1 data=$2
  shift 2
  local command=(fairseq-train "$data" "${common[@]}" --no-epoch-checkpoints --save-dir "$folder" "$@")
  local recipe="${settings:-}
${command[*]}"
  if [[ ! -f $folder/recipe || $(<"$folder/recipe") != "$recipe" ]]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    echo "$recipe" >"$folder/recipe"
  fi
  [[ ! -f $folder/finished ]] || return 0
  "${command[@]}" && touch "$folder/finished"
}
