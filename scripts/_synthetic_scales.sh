# Sourced by the benchmarks of the synthetic language, after _benchmark.sh: what each --scale stands for.
# shellcheck shell=bash disable=SC2034,SC2154 # see above

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
    gate_schedule=(--lr 1e-2 --lr-scheduler polynomial_decay --warmup-updates 50
      --max-update 600 --total-num-update 600)
    every=5 ;;
  cpu) # the quickstart's language; docs/benchmarks.md says what came out, and how long it took
    data_options=(--preset tiny --test 500 --ood 500) vocabulary=200 architecture=tiny
    batch=(--max-tokens 2500)
    denoiser_schedule=(--dropout 0 --lr 3e-3 --lr-scheduler polynomial_decay --warmup-updates 150
      --max-update 5000 --total-num-update 5000 --validate-interval 1000 --validate-interval-updates 1000)
    direct_schedule=(--lr 2e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update 3000)
    pretrained_schedule=(--lr 1e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update 2000)
    composed_schedule=("${estimator[@]}" --lr 3e-4 --lr-scheduler inverse_sqrt --warmup-updates 30 --max-update 800)
    from_scratch_schedule=(--lr 1e-3 --max-update 2000)
    encoder_schedule=("${pretrained_schedule[@]}" --max-update 1000)
    backtranslation_schedule=("${pretrained_schedule[@]}" --max-update 4000)
    gate_schedule=(--lr 1e-2 --lr-scheduler polynomial_decay --warmup-updates 50
      --max-update 3000 --total-num-update 3000)
    every=10 ;;
  paper) # the published sizes; more denoiser epochs, to keep clean programs; not run yet
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
    gate_schedule=(--lr 3e-3 --lr-scheduler inverse_sqrt --warmup-updates 400 --max-epoch 20)
    every=10 ;;
  *) wrong "--scale must be tiny, cpu or paper" ;;
esac
for schedule in direct pretrained composed encoder; do
  declare -n these=${schedule}_schedule
  these+=(--validate-interval "$every" --save-interval "$every")
done
longer_schedule=("${composed_schedule[@]:${#estimator[@]}}")
settings="$scale $data_seed ${data_options[*]} $vocabulary $architecture ${batch[*]} ${regularize[*]}"
