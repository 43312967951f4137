#!/usr/bin/env bash
# Needs:   `make install` done; for --scale paper a GPU
# Runs:    scripts/benchmark_synthetic.sh --scale tiny|cpu|paper --seeds N OUT [--systems a,b,c] [--jobs J] [--dry-run]
#          systems: direct pretrained pretrained_longer bart_style composed composed_denoiser_init composed_direct_init
#          composed_no_init backtranslation backtranslation_composed
#          (default: direct,pretrained,composed); what a system starts from must be among them
# Expects: OUT/results.json, report.md, report.png: every system, with the denoiser behind it at test time, always and
#          where a gate asks for it, and the base predictors of the composed ones, on programs in and out of
#          distribution. One data set, one denoiser and one gate for all; N seeds for the systems, J of them at once
#          with one thread each (default: one a core, 1 with a GPU).
#          Done stages are skipped, a killed training goes on from its last checkpoint. --dry-run prints the commands.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/_benchmark.sh
source "$here/_benchmark.sh"
# shellcheck disable=SC2034 # read_options reads it
options=("${common_options[@]}")
read_options "$@"
check_options
choose_systems

# shellcheck source=scripts/_synthetic_scales.sh
source "$here/_synthetic_scales.sh"
dataset=synthetic-$scale

open_benchmark "${folders[0]}"
# shellcheck source=scripts/_synthetic.sh
source "$here/_synthetic.sh"
echo "benchmark_synthetic: scale $scale, $seeds seeds, ${chosen[*]}, into ${shown:-$out}"
start_stages $((${#chosen[@]} + labeling + 10))
stage data "programs and pseudocode" make_synthetic_data
stage subwords "one subword model for both" make_subwords
stage binarise "binarised by fairseq-preprocess" binarise
stage denoiser "denoiser" train_denoiser "${denoiser_schedule[@]}"
stage check "denoiser leaves clean programs alone?" check_denoiser "$min_clean_kept"
train_systems
compare_systems
close_benchmark
