#!/usr/bin/env bash
# How small can a trained network get, and what does it cost? One table.
#
# Usage: bash recipes/compression/run.sh --data DIR [--stage N] [--stop-stage N] ...
#
#   --data DIR           Kaldi directories train, valid and test, and noise/train if there is one,
#                        as stage 1 of recipes/speech_commands leaves them
#   --config FILE        settings of the network that is made smaller (conf/base.yaml)
#   --units LIST         shares of the recurrent units to remove (0.25,0.5,0.75)
#   --zeros LIST         shares of the weights to set to zero (0.5,0.8,0.9)
#   --ranks LIST         ranks of the input matrices (24)
#   --epochs N           of healing each of them (2)
#   --learning-rate R    of the healing (0.002)
#   --seed N             of every training (0)
#   --work DIR           where exp/ and RESULTS.md go (this recipe's folder)
#   --stage N            first stage to run (2)
#   --stop-stage N       last stage to run (5)
#
# Stages: 2 validation, 3 training: the network, then smaller ones made of it, 4 export in
# float32 and in 8 bits, 5 accuracy, times and the table.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

data=
config=$here/conf/base.yaml
units=0.25,0.5,0.75
zeros=0.5,0.8,0.9
ranks=24
epochs=2
learning_rate=0.002
seed=0
work=$here
stage=2
stop_stage=5
. "$here/../shared/parse_options.sh"
[ -d "$data/train" ] && [ -d "$data/valid" ] && [ -d "$data/test" ] || {
  echo "run.sh: --data ${data:-DIR}: expected train, valid and test in it; see --help" >&2
  exit 2
}
command="bash recipes/compression/run.sh --data DIR"
[ "$config" = "$here/conf/base.yaml" ] || command+=" --config $(basename "$config")"
command+=" --units $units --zeros $zeros --ranks $ranks --epochs $epochs"
command+=" --learning-rate $learning_rate --seed $seed"
data=$(realpath "$data")
config=$(realpath "$config")
work=$(realpath "$work")
. "$here/path.sh"
. "$here/../shared/stages.sh"
cd "$work"
exp=exp
IFS=, read -ra units <<<"$units"
IFS=, read -ra zeros <<<"$zeros"
IFS=, read -ra ranks <<<"$ranks"
names() {
  printf '%s\n' base healed "${units[@]/#/units_}" "${zeros[@]/#/zeros_}" "${ranks[@]/#/rank_}"
}
# learn NAME OPTION...: a training, once.
learn() {
  local inputs noise=()
  inputs=$(cat "$data"/{train,valid}/text "$config" <(printf '%s\n' "$seed" "${@:2}") | cksum)
  untrained "$exp/$1" "$inputs" || return 0
  [ ! -d "$data/noise/train" ] || noise=(--noise "$data/noise/train")
  speechrnn train --train "$data/train" --valid "$data/valid" "${noise[@]}" --out "$exp/$1/run" \
    --set "training.seed=$seed" --resume "${@:2}"
  echo "$inputs" >"$exp/$1/trained"
}
# heal NAME EXPERIMENT OPTION...: a few epochs more, of what was made smaller.
heal() {
  learn "$1" --start "$2" --config "$2/config.yaml" --set "training.epochs=$epochs" \
    --set "training.learning_rate=$learning_rate" "${@:3}"
}
# shrink NAME OPTION...: the network made smaller, and healed.
shrink() {
  [ "$exp/small/$1/best.safetensors" -nt "$exp/base/trained" ] ||
    speechrnn compress --experiment "$exp/base/run" --out "$exp/small/$1" "${@:2}"
  heal "$1" "$exp/small/$1"
}

if due 2; then
  echo "stage 2: validation"
  speechrnn data validate "$data/train" "$data/valid" "$data/test"
fi

if due 3; then
  echo "stage 3: training"
  learn base --config "$config"
  heal healed "$exp/base/run" # as long as the others, so that these are not better by that alone
  for share in "${units[@]}"; do
    shrink "units_$share" --prune-units "$share" --data "$data/train"
  done
  for share in "${zeros[@]}"; do
    heal "zeros_$share" "$exp/base/run" --set "training.sparsity=$share"
  done
  for rank in "${ranks[@]}"; do
    shrink "rank_$rank" --rank "$rank"
  done
fi

if due 4; then
  echo "stage 4: export"
  for name in $(names); do
    [ -e "$exp/$name/trained" ] || {
      echo "run.sh: $work/$exp/$name/trained is not there; run stage 3 first" >&2
      exit 2
    }
    speechrnn export --experiment "$exp/$name/run" --out "$exp/$name/float32.onnx"
    speechrnn export --experiment "$exp/$name/run" --out "$exp/$name/int8.onnx" --int8
  done
fi

if due 5; then
  echo "stage 5: accuracy, times and the table"
  commit=$(git -C "$root" describe --always --dirty 2>/dev/null || true)
  # shellcheck disable=SC2046
  python "$here/local/table.py" --exp "$exp" --data "$data" --out RESULTS.md \
    --command "$command" --commit "$commit" $(names)
fi
