#!/usr/bin/env bash
# Needs:   `make install` done; DATA as scripts/download_spoc.sh leaves it: train/split/*.tsv and test/*.tsv
# Runs:    scripts/prepare_spoc.sh DATA OUT [--vocab-size 10000] [--unlabeled F.tgt] [--segments N] [--empty-lines]   (-h)
# Expects: about 2 minutes for 5,000 programs on 2 cores, and then, for training:
#          OUT/data-bin/pairs     train, valid, test (TestW, new workers), test1 (TestP, new problems): src -> tgt
#          OUT/data-bin/programs  the training programs without pseudocode, and those of --unlabeled
#          OUT/data-bin/lines     their single lines, for the first phase of the denoiser's curriculum
#          OUT/bpe.model          the subwords of all of them; one dictionary, the same in the three folders
#          Without spoc-train-train.tsv, training takes spoc-train-eval.tsv and spoc-train-test.tsv but for the last
#          --held-out programs, which validate. What is done is skipped, unless its input changed.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH} exec python -m fairseq_cft prepare-spoc "$@"
