#!/usr/bin/env bash
# Needs:   curl, sha256sum
# Runs:    examples/text_to_sql/download.sh DIR
# Expects: DIR/geography.json and DIR/geography.sqlite: GeoQuery as text2sql-data has it, 370 KB, checked by their hashes.
#          The collection states no licence for this part, so it is not shipped here. Sources: Zelle and Mooney 1996;
#          SQL by Popescu et al. 2003, Giordani and Moschitti 2012, Iyer et al. 2017; this form by Finegan-Dollak et al.
#          2018. GEOQUERY_URL names another place that holds data/geography.json and the database.
set -euo pipefail

(($# == 1)) && [[ $1 != -* ]] || { sed -n '2,/^[^#]/s/^# //p' "$0"; exit 2; }
commit=5050bad2309a93636ea4788d3660c9202bf11e0e
url=${GEOQUERY_URL:-https://raw.githubusercontent.com/jkkummerfeld/text2sql-data/$commit}

fetch() { # NAME AT SHA256: under a temporary name until its hash is right
  [[ ! -f $1 ]] || return 0
  curl --fail --silent --show-error --location --output "$1.part" "$url/$2"
  echo "$3  $1.part" | sha256sum --check --quiet || { echo "$url/$2 is not the file that was expected" >&2; exit 1; }
  mv "$1.part" "$1"
}

mkdir -p "$1"
cd "$1"
fetch geography.json data/geography.json b20ad8ed357029c9efa49aa64434729f624591850f66b1137cabcc0e45273c1b
fetch geography.sqlite data/geography-db.added-in-2020.sqlite \
  98955372123cd9a8e761b00c2c67fbf221f1b8699927add538b53154c702dd3c
echo "$PWD: geography.json geography.sqlite"
