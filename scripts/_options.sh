# Sourced by the scripts: reads their options, and says what was wrong with them.
#
#   options=(--scale= --seeds=N --dry-run); scale="" seeds=1 dry_run=no; read_options "$@"
#
# --scale= takes a value, --seeds=N a whole number from 1 up, --dry-run nothing: it sets dry_run=yes. Where the table has
# --, what follows it goes to $more. All that is no option goes to $folders. -h prints the head of the script.
# shellcheck shell=bash disable=SC2034 # $folders and $more are the sourcing script's

usage() { sed -n '2,/^[^#]/s/^# //p' "$0"; }
wrong() { echo "$(basename "$0" .sh): error: $*" >&2; usage >&2; exit 2; }
fail() { echo "$(basename "$0" .sh): error: $*" >&2; exit 1; }

read_options() { # arguments of the script
  local name
  folders=() more=()
  while (($#)); do
    [[ $1 != --*=* ]] || set -- "${1%%=*}" "${1#*=}" "${@:2}"
    name=${1#--} name=${name//-/_}
    case $1 in
      -h | --help) usage; exit 0 ;;
      -*) ;;
      *) folders+=("$1"); shift; continue ;;
    esac
    case " ${options[*]-} " in
      *" $1= "*) [[ -n ${2:-} ]] || wrong "$1 needs a value" ;;
      *" $1=N "*) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || wrong "$1 needs a whole number from 1 up" ;;
      *" $1 "*)
        shift
        [[ -n $name ]] || { more=("$@"); return; }
        printf -v "$name" yes
        continue ;;
      *) wrong "there is no option $1" ;;
    esac
    printf -v "$name" '%s' "$2"
    shift 2
  done
}

require_tools() { # programs that must be on the PATH
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "$tool is not on the PATH; run 'make install' and activate .venv"
  done
}
