#!/usr/bin/env bash
# Needs:   nothing
# Runs:    scripts/find_python.sh            (PYTHON=/path/to/python overrides the search)
# Expects: prints the first usable interpreter, 3.11 and 3.12 before 3.10; else says which are missing and fails.
set -euo pipefail

supported='import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))'

if [[ -n "${PYTHON:-}" ]]; then
  candidates=("$PYTHON")
else
  candidates=(python3.11 python3.12 python3.10 python3 python)
  # pyenv keeps interpreters that its shims do not offer in this folder
  for version in 3.11 3.12 3.10; do
    candidates+=("${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python)
  done
fi

for candidate in "${candidates[@]}"; do
  if "$candidate" -c "$supported" >/dev/null 2>&1; then
    echo "$candidate"
    exit 0
  fi
done

echo "No usable Python (with venv): tried ${candidates[*]}." \
  "Install Python 3.11 or 3.12 with its venv module, or name one: make install PYTHON=/path/to/python3.11" >&2
exit 1
