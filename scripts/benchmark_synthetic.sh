#!/usr/bin/env bash
# Needs:   `make install` done; for --scale paper a GPU
# Runs:    scripts/benchmark_synthetic.sh --scale tiny|cpu|paper --seeds N OUT [--systems a,b,c] [--jobs J] [--dry-run]
#          systems: direct pretrained bart_style composed composed_denoiser_init composed_direct_init
#          composed_no_init backtranslation backtranslation_composed
#          (default: direct,pretrained,composed); what a system starts from must be among them
# Expects: OUT/results.json, report.md, report.png: every system, with the denoiser behind it at test time, and the base
#          predictors of the composed ones, on programs in and out of distribution. One data set and one denoiser for
#          all; N seeds for the systems, J of them at once with one thread each (default: one a core, 1 with a GPU).
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

# Sizes ----------------------------------------------------------------------------------------------------------

data_seed=1 denoiser_seed=1
regularize=(--dropout 0.1 --attention-dropout 0.2 --activation-dropout 0.2)
estimator=(--gradient-estimator rloo --num-samples 2)
case $scale in
  tiny) # sees that everything runs: minutes
    data_options=(--preset tiny --test 100 --ood 100) vocabulary=200 architecture=tiny
    batch=(--max-tokens 2500)
    denoiser_schedule=(--dropout 0 --lr 3e-3 --lr-scheduler polynomial_decay --warmup-updates 150
      --max-update 2500 --total-num-update 2500 --validate-interval 1000 --validate-interval-updates 500)
    direct_schedule=(--lr 2e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update 300)
    pretrained_schedule=(--lr 1e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update 200)
    composed_schedule=("${estimator[@]}" --lr 3e-4 --lr-scheduler inverse_sqrt --warmup-updates 30 --max-update 60)
    from_scratch_schedule=(--lr 1e-3 --max-update 150)
    encoder_schedule=("${pretrained_schedule[@]}" --max-update 100)
    backtranslation_schedule=("${pretrained_schedule[@]}")
    every=5 ;;
  cpu) # the quickstart's language, meant for 2 hours on 2 cores with 3 seeds; not timed yet
    data_options=(--preset tiny --test 500 --ood 500) vocabulary=200 architecture=tiny
    batch=(--max-tokens 2500)
    denoiser_schedule=(--dropout 0 --lr 3e-3 --lr-scheduler polynomial_decay --warmup-updates 150
      --max-update 5000 --total-num-update 5000 --validate-interval 1000 --validate-interval-updates 1000)
    direct_schedule=(--lr 2e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update 1500)
    pretrained_schedule=(--lr 1e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update 1000)
    composed_schedule=("${estimator[@]}" --lr 3e-4 --lr-scheduler inverse_sqrt --warmup-updates 30 --max-update 400)
    from_scratch_schedule=(--lr 1e-3 --max-update 1000)
    encoder_schedule=("${pretrained_schedule[@]}" --max-update 500)
    backtranslation_schedule=("${pretrained_schedule[@]}" --max-update 2000)
    every=10 ;;
  paper) # the published sizes; more denoiser epochs, for the gate; not run yet
    data_options=(--preset paper) vocabulary=600 architecture=synthetic
    batch=(--max-tokens 16000)
    denoiser_schedule=(--dropout 0.1 --lr 1e-3 --lr-scheduler inverse_sqrt --warmup-updates 4000
      --warmup-init-lr 1e-7 --max-epoch 150 --validate-interval 5)
    direct_schedule=(--lr 2e-3 --lr-scheduler inverse_sqrt --warmup-updates 400 --warmup-init-lr 5e-4 --max-epoch 500)
    pretrained_schedule=(--lr 2e-3 --lr-scheduler inverse_sqrt --warmup-updates 150 --max-epoch 300)
    composed_schedule=("${estimator[@]}" --lr 2e-4 --lr-scheduler inverse_sqrt --warmup-updates 90 --max-epoch 300)
    from_scratch_schedule=(--lr 2e-3 --max-epoch 500)
    encoder_schedule=("${pretrained_schedule[@]}")
    backtranslation_schedule=("${pretrained_schedule[@]}" --max-epoch 50)
    every=10 ;;
  *) wrong "--scale must be tiny, cpu or paper" ;;
esac
for schedule in direct pretrained composed encoder; do
  declare -n these=${schedule}_schedule
  these+=(--validate-interval "$every" --save-interval "$every")
done
settings="$scale $data_seed ${data_options[*]} $vocabulary $architecture ${batch[*]} ${regularize[*]}"
dataset=synthetic-$scale

open_benchmark "${folders[0]}"
echo "benchmark_synthetic: scale $scale, $seeds seeds, ${chosen[*]}, into ${shown:-$out}"
start_stages $((${#chosen[@]} + labeling + 9))
stage data "programs and pseudocode" make_synthetic_data
stage subwords "one subword model for both" make_subwords
stage binarise "binarised by fairseq-preprocess" binarise
stage denoiser "denoiser" train_denoiser "${denoiser_schedule[@]}"
stage check "denoiser leaves clean programs alone?" check_denoiser "$min_clean_kept"
train_systems
compare_systems
close_benchmark
