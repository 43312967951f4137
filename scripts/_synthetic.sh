# Sourced by the quickstart and by benchmarks of the synthetic language: its data, its denoiser and its test cases.
#
# After _systems.sh. The sourcing script sets data_seed data_options vocabulary denoiser_schedule.
# shellcheck shell=bash disable=SC2034,SC2154 # see above

raw=$data heldout=500
noise=synthetic noise_options=(--clean-share 0.4)
splits=(test:test ood:test1)
# shellcheck source=scripts/_raw_data.sh
source "$here/_raw_data.sh"

test_cases() { # SPLIT -> cases, options of fairseq-cft-evaluate
  cases=(--inputs "$data/$1.inp" --expected "$data/$1.out")
}

make_synthetic_data() {
  rm -rf "$data"
  python "$root/preprocess/synthetic.py" --seed "$data_seed" --out "$data" "${data_options[@]}"
}
