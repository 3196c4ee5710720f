#!/usr/bin/env bash
# yesno: sequences of two Hebrew words by one speaker, read with CTC. Kaldi's smallest recipe.
#
# Usage: bash recipes/yesno/run.sh [--corpus DIR] [--stage N] [--stop-stage N] ...
#
#   --corpus DIR    the recordings, where they are here already; else stage 0 downloads them
#   --config FILE   settings of the network and its training (conf/ctc.yaml)
#   --seed N        of the training (0)
#   --nproc N       processes that train together, one a GPU or CPU core (1)
#   --torchrun OPTS torchrun's own options, for training on several machines
#   --work DIR      where downloads/, data/, exp/ and RESULTS.md go (this recipe's folder)
#   --stage N       first stage to run (0)
#   --stop-stage N  last stage to run (5)
#
# Stages: 0 corpus, 1 Kaldi directories, 2 validation, 3 training, 4 evaluation, 5 export,
# 6 live demo (only when asked: --stage 6 --stop-stage 6).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

corpus=
config=$here/conf/ctc.yaml
seed=0
nproc=1
torchrun=
work=$here
stage=0
stop_stage=5
. "$here/../shared/parse_options.sh"
[ -z "$corpus" ] || corpus=$(realpath "$corpus")
config=$(realpath "$config")
work=$(realpath "$work")
command="bash recipes/yesno/run.sh${corpus:+ --corpus DIR} --config conf/$(basename "$config")"
command+=" --seed $seed"
[ "$nproc" = 1 ] || command+=" --nproc $nproc"
. "$here/path.sh"
. "$here/../shared/stages.sh"
cd "$work"

data=data
exp=exp/$(basename "$config" .yaml)_seed$seed

if due 0; then
  echo "stage 0: corpus"
  bash "$root/scripts/setup.sh" train
  if [ -z "$corpus" ]; then
    speechrnn download yesno --target downloads/waves_yesno
  fi
fi

began=$SECONDS
fresh=false
if due 1; then
  echo "stage 1: Kaldi directories"
  # There is one speaker, who is on both sides.
  speechrnn prepare yesno --corpus "${corpus:-downloads/waves_yesno}" --target "$data" \
    --allow-shared-speakers
fi

if due 2; then
  echo "stage 2: validation"
  need "$data/train" 1
  speechrnn data validate "$data/train" "$data/test"
fi

if due 3; then
  echo "stage 3: training"
  need "$data/train" 1
  inputs=$(cat "$data/train/text" "$config" <(echo "$seed") | cksum)
  if untrained "$exp" "$inputs"; then
    [ -e "$exp/run" ] || fresh=true
    in_processes "$nproc" "$torchrun" train --config "$config" --train "$data/train" \
      --out "$exp/run" --resume --set "training.seed=$seed"
    echo "$inputs" >"$exp/trained"
  fi
fi

if due 4; then
  echo "stage 4: evaluation"
  need "$exp/trained" 3
  [ -e "$exp/model.onnx" ] || speechrnn export --experiment "$exp/run" --out "$exp/model.onnx"
  rows=(--out RESULTS.md)
  [ ! -e "$exp/evaluation/reported" ] || rows=() # there already
  if [ "$fresh" = true ] && [ "$stage" -le 1 ]; then
    rows+=(--seconds "$((SECONDS - began))") # of all that came before, in this call
  fi
  speechrnn evaluate --model "$exp/model.onnx" --data "$data/test" --out "$exp/evaluation" \
    >"$exp/evaluation.txt"
  python "$here/local/results.py" --experiment "$exp" --command "$command" "${rows[@]}"
  touch "$exp/evaluation/reported"
fi

if due 5; then
  echo "stage 5: export"
  need "$exp/trained" 3
  [ -e "$exp/model.onnx" ] || speechrnn export --experiment "$exp/run" --out "$exp/model.onnx"
  awk 'NR % 6 == 1 { sub(/^[^ ]+ /, ""); print }' "$data/test/wav.scp" |
    xargs -d '\n' speechrnn transcribe --model "$exp/model.onnx"
  echo "Try it on a recording of yours, or live (the words are Hebrew: ken is yes, lo is no):"
  echo "  $root/.venv/bin/speechrnn transcribe FILE --model $work/$exp/model.onnx"
  echo "  $root/.venv/bin/speechrnn listen --model $work/$exp/model.onnx"
fi

if due 6; then
  echo "stage 6: live demo"
  need "$exp/model.onnx" 5
  speechrnn listen --model "$exp/model.onnx"
fi
