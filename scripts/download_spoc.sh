#!/usr/bin/env bash
# Needs:   internet, curl, unzip, 100 MB of disk
# Runs:    scripts/download_spoc.sh [DIR]     (DIR defaults to out/spoc; SPOC_URL names another place to fetch from)
# Expects: DIR/train, DIR/test, DIR/testcases. An interrupted download goes on where it stopped. The archive's size and
#          SHA-256 are noted in DIR/spoc.zip.sha256 on the first success and checked from then on.
# Licence: SPoC (Kulal et al. 2019, https://sumith1896.github.io/spoc/) is CC BY 4.0: name its authors.
set -euo pipefail

usage() { sed -n '2,/^[^#]/s/^# //p' "$0"; }
wrong() { printf "download_spoc: error: %s\n" "$*" >&2; usage >&2; exit 2; }
fail() { printf "download_spoc: error: %s\n" "$*" >&2; exit 1; }
case ${1:-} in -h | --help) usage; exit 0 ;; -*) wrong "there is no option $1" ;; esac
(($# <= 1)) || wrong "give one DIR"

url=${SPOC_URL:-https://sumith1896.github.io/spoc/data/spoc.zip}
dir=${1:-out/spoc}
archive=$dir/spoc.zip
note=$archive.sha256

for tool in curl unzip sha256sum; do
  command -v "$tool" >/dev/null || fail "$tool is not on the PATH; install it and run this again"
done

describe() { # "SHA-256 size" of a file
  printf '%s %s\n' "$(sha256sum <"$1" | cut -d' ' -f1)" "$(stat -c %s "$1")"
}

if [[ -d $dir/train && -d $dir/test && -d $dir/testcases ]]; then
  echo "$dir is complete; delete it to download again"
  exit 0
fi
mkdir -p "$dir"

if [[ ! -f $archive ]]; then
  curl --fail --location --retry 3 --continue-at - --output "$archive.part" "$url" ||
    fail "cannot fetch $url; run this again to go on, or delete $archive.part to start anew"
  unzip -tq "$archive.part" >/dev/null ||
    fail "what $url gave is no sound archive; delete $archive.part and run this again"
  if [[ -f $note && $(describe "$archive.part") != "$(<"$note")" ]]; then
    fail "the archive differs from the one noted in $note; delete $archive.part, or $note if the new one is right"
  fi
  mv "$archive.part" "$archive"
fi

if [[ ! -f $note ]]; then
  describe "$archive" >"$note.tmp"
  mv "$note.tmp" "$note"
elif [[ $(describe "$archive") != "$(<"$note")" ]]; then
  fail "$archive differs from what $note says; delete $archive and run this again"
fi

fresh=$dir/.unpack
rm -rf "$fresh"
mkdir "$fresh"
unzip -q "$archive" -d "$fresh"
# the archive holds one folder, spoc/
content=$fresh
[[ -d $fresh/spoc ]] && content=$fresh/spoc
for part in train test testcases; do
  [[ -d $content/$part ]] || fail "the archive has no folder $part; delete $archive and run this again"
done
for part in train test testcases; do
  rm -rf "${dir:?}/$part"
  mv "$content/$part" "$dir/$part"
done
rm -rf "$fresh"
echo "$dir: $(cut -d' ' -f2 "$note") bytes, SHA-256 $(cut -d' ' -f1 "$note")"
