#!/usr/bin/env bash
# Spoken digits for a microphone: zero to nine out of a stream, other words and noise rejected.
#
# Usage: bash recipes/digits/run.sh [--fsdd DIR] [--others DIR] [--negatives DIRS] [--stage N] ...
#
#   --fsdd DIR        Free Spoken Digit Dataset, where it is here already; else stage 0 downloads it
#   --others DIR      digits of more people, other words, noises: a folder in the layout of Speech
#                     Commands; else stage 0 downloads version 0.02, 2.4 GB
#   --config FILE     settings of the network and its training (conf/stream.yaml)
#   --negatives DIRS  recordings without digits, separated by commas: how often does it fire?
#   --strung-hours N  hours of other words and noise to calibrate on (10)
#   --jobs N          trainings at a time, each on one CPU thread (2)
#   --seed N          of the trainings (0)
#   --work DIR        where downloads/, data/, exp/ and RESULTS.md go (this recipe's folder)
#   --stage N         first stage to run (0)
#   --stop-stage N    last stage to run (5)
#
# Stages: 0 corpora, 1 Kaldi directories, 2 validation, 3 training: a base on all but the Free Spoken
# Digit Dataset, from which one model goes on with all of its speakers, and one without each of them;
# 4 export, evaluation on whom each never heard, 5 calibration, a live trial, the card; 6 live demo
# (only when asked: --stage 6 --stop-stage 6).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fsdd=
others=
config=$here/conf/stream.yaml
negatives=
strung_hours=10
jobs=2
seed=0
work=$here
stage=0
stop_stage=5
. "$here/../shared/parse_options.sh"
[ -z "$fsdd" ] || fsdd=$(realpath "$fsdd")
[ -z "$others" ] || others=$(realpath "$others")
each_folder negatives --negatives
config=$(realpath "$config")
work=$(realpath "$work")
command="bash recipes/digits/run.sh${fsdd:+ --fsdd DIR}${others:+ --others DIR}"
command+=" --config recipes/digits/conf/$(basename "$config")"
[ ${#negatives[@]} -eq 0 ] || command+=" --negatives DIRS"
command+=" --strung-hours $strung_hours --seed $seed"
. "$here/path.sh"
. "$here/../shared/stages.sh"
cd "$work"

digits=zero,one,two,three,four,five,six,seven,eight,nine
data=data
exp=exp/$(basename "$config" .yaml)_seed$seed
folds() { (cd "$data/fsdd" && printf '%s\n' fold_*); }

if due 0; then
  echo "stage 0: corpora"
  bash "$root/scripts/setup.sh" train tts
  [ -n "$fsdd" ] || speechrnn download fsdd --target downloads/fsdd
  [ -n "$others" ] || speechrnn download speech-commands --target downloads/speech_commands_v0.02
  speechrnn prepare tts --target "$data/synthetic" --words "$digits" --other-share 1 --other-phrases
fi

if due 1; then
  echo "stage 1: Kaldi directories"
  speechrnn prepare fsdd --corpus "${fsdd:-downloads/fsdd}" --target "$data/fsdd"
  speechrnn prepare speech-commands --corpus "${others:-downloads/speech_commands_v0.02}" \
    --target "$data/others" --words "$digits"
fi

if due 2; then
  echo "stage 2: validation"
  need "$data/others/corpus.json" 1
  speechrnn data validate "$data/fsdd/all" "$data"/others/{train,valid,test,noise/*}
fi

# train NAME DIR OPTIONS...: one training, with what is said in DIR besides; a finished one is kept, one
# that was broken off goes on.
train() {
  local inputs
  inputs=$(cat "$data"/others/{train,valid}/text "$data/synthetic/tts.json" "$2/text" "$config" \
    <(printf '%s\n' "$seed" "${@:2}") | cksum)
  untrained "$exp/$1" "$inputs" || return 0
  speechrnn train --config "$config" --train "$data/others/train" --train "$2" \
    --valid "$data/others/valid" --noise "$data/others/noise/train" --out "$exp/$1/run" --resume \
    --set "training.seed=$seed" --set training.threads=1 "${@:3}" >"$exp/$1/train.log" 2>&1 || {
    echo "run.sh: $1: $(tail -n 1 "$exp/$1/train.log")" >&2
    return 2
  }
  echo "$inputs" >"$exp/$1/trained"
  tail -n 1 "$exp/$1/train.log"
}

if due 3; then
  echo "stage 3: training, $jobs at a time; each one's progress is in $work/$exp/*/train.log"
  need "$data/others/corpus.json" 1
  export OMP_NUM_THREADS=1
  train base "$data/synthetic/train" # what all have in common
  tune=(--start "$exp/base/run" --set training.epochs=3 --set training.learning_rate=0.002)
  trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT # of a failure or Ctrl-C, too
  train all "$data/fsdd/all" "${tune[@]}" &
  for fold in $(folds); do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    train "$fold" "$data/fsdd/$fold/train" "${tune[@]}" &
  done
  while [ -n "$(jobs -p)" ]; do wait -n; done
  trap - EXIT
fi

if due 4; then
  echo "stage 4: export, evaluation"
  for name in $(folds) all; do
    need "$exp/$name/trained" 3
    test=$data/fsdd/$name/test
    if [ "$name" = all ]; then test=$data/others/test; fi
    speechrnn export --experiment "$exp/$name/run" --out "$exp/$name/model.onnx" --int8
    speechrnn evaluate --model "$exp/$name/model.onnx" --data "$test" \
      --out "$exp/$name/evaluation" >"$exp/$name/evaluation.txt"
  done
  python "$here/local/results.py" --data "$data" --experiment "$exp" --command "$command" \
    --out RESULTS.md
fi

if due 5; then
  echo "stage 5: calibration, a live trial, the card"
  model=$exp/all/model.onnx
  need "$model" 4
  # The digits are synthetic: of six there are next to no recordings of other people.
  speechrnn calibrate --model "$model" --positives "$data/synthetic/valid" \
    --negatives "$data/others/valid" --negatives "$data/others/noise/valid" \
    --strung-hours "$strung_hours" --false-alarms-per-hour 0.5 --out "$exp/all/calibration"
  # What it was calibrated on is not what it is tested on.
  speechrnn evaluate --model "$model" --data "$data/others/test" "${negatives[@]}" --stream \
    --out "$exp/all/evaluation/stream"
  python "$here/local/card.py" --data "$data" --experiment "$exp" --command "$command" \
    --out "$exp/card.md"
  awk 'NR % 11 == 1 { print $2 }' "$data/fsdd/all/wav.scp" | head -n 5 |
    xargs speechrnn transcribe --model "$model"
  echo "Try it on a recording of yours, or live:"
  echo "  $root/.venv/bin/speechrnn transcribe FILE --model $work/$model"
  echo "  $root/.venv/bin/speechrnn listen --model $work/$model"
fi

if due 6; then
  echo "stage 6: live demo"
  need "$exp/all/model.onnx" 5
  speechrnn listen --model "$exp/all/model.onnx"
fi
