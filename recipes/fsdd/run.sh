#!/usr/bin/env bash
# Free Spoken Digit Dataset: ten English digits, six speakers, leave one speaker out.
#
# Usage: bash recipes/fsdd/run.sh [--corpus DIR] [--stage N] [--stop-stage N] ...
#
#   --corpus DIR      the data set, where it is here already; else stage 0 downloads it
#   --config FILE     settings of the network and its training (conf/bigru.yaml: single digits;
#                     conf/strings.yaml: connected ones, grammars and a language model)
#   --synthetic true  add synthetic speech to the training clips (true; or false)
#   --strings N       connected strings of each kind that every speaker says (100)
#   --negatives DIRS  recordings of other speech, separated by commas: does a grammar reject it?
#   --jobs N          trainings at a time, each on one CPU thread (2)
#   --work DIR        where data/, exp/ and RESULTS.md go (this recipe's folder)
#   --stage N         first stage to run (0)
#   --stop-stage N    last stage to run (5)
#
# Stages: 0 corpus, 1 Kaldi directories, 2 validation, 3 training, 4 evaluation, 5 export,
# 6 live demo (only when asked: --stage 6 --stop-stage 6).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

corpus=
config=$here/conf/bigru.yaml
synthetic=true
strings=100
negatives=
jobs=2
work=$here
stage=0
stop_stage=5
. "$here/../shared/parse_options.sh"
[ -z "$corpus" ] || corpus=$(realpath "$corpus")
each_folder negatives --negatives
config=$(realpath "$config")
work=$(realpath "$work")
command="bash recipes/fsdd/run.sh${corpus:+ --corpus DIR} --config conf/$(basename "$config")"
command+=" --synthetic $synthetic --jobs $jobs"
[ "$strings" = 100 ] || command+=" --strings $strings"
[ ${#negatives[@]} -eq 0 ] || command+=" --negatives DIRS"
. "$here/path.sh"
. "$here/../shared/stages.sh"
cd "$work"

reads_strings() { grep -q 'frame_head: ctc' "$config"; }

data=data
name=$(basename "$config" .yaml)
extra=()
if [ "$synthetic" = true ]; then
  name=${name}_synthetic
  extra=(--train "$data/synthetic/train" --train "$data/synthetic/valid" --train "$data/synthetic/test")
fi
exp=exp/$name
folds() { (cd "$data" && printf '%s\n' fold_*); }
# The data set's own split, with every speaker on both sides, is for single digits.
trainings() { folds && { reads_strings || echo index; }; }

if due 0; then
  echo "stage 0: corpus"
  bash "$root/scripts/setup.sh" train tts
  if [ -z "$corpus" ]; then
    speechrnn download fsdd --target downloads/fsdd
  fi
  if [ "$synthetic" = true ]; then
    speechrnn prepare tts --target "$data/synthetic" --no-rejection \
      --words zero,one,two,three,four,five,six,seven,eight,nine
  fi
fi

if due 1; then
  echo "stage 1: Kaldi directories"
  speechrnn prepare fsdd --corpus "${corpus:-downloads/fsdd}" --target "$data"
  if reads_strings; then
    python "$here/local/numbering.py" --out "$data/numbers"
    for fold in $(folds); do # said by the one whom this fold's training never hears
      string() {
        speechrnn data string "$data/$fold/test" "$data/$fold/$1" --count "$strings" "${@:2}"
      }
      string strings --words 3 7 --seed 0
      string pin --words 4 4 --seed 1
      string phone --words 7 7 --seed 2
      string numbers --sentences "$data/numbers/said.txt" --seed 3
    done
  else
    speechrnn prepare fsdd --corpus "${corpus:-downloads/fsdd}" --target "$data" \
      --protocol index --allow-shared-speakers
  fi
fi

if due 2; then
  echo "stage 2: validation"
  directories=("$data/all")
  if reads_strings; then directories+=("$data"/fold_*/{strings,pin,phone,numbers}); fi
  speechrnn data validate "${directories[@]}"
fi

# One training; a finished one is kept, a broken-off one goes on.
train_fold() {
  [ ! -e "$exp/$1/.done" ] || return 0
  resume=
  [ ! -e "$exp/$1/metrics.jsonl" ] || resume=--resume
  mkdir -p "$exp/$1"
  speechrnn train --config "$config" --train "$data/$1/train" "${extra[@]}" --out "$exp/$1" \
    $resume --set training.threads=1 >"$exp/$1.log" 2>&1 || {
    echo "run.sh: $1: $(tail -n 1 "$exp/$1.log")" >&2
    return 2
  }
  touch "$exp/$1/.done"
  tail -n 1 "$exp/$1.log"
}

if due 3; then
  echo "stage 3: training, $jobs at a time; each one's progress is in $work/$exp/*.log"
  SECONDS=0
  export OMP_NUM_THREADS=1
  trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT # of a failure or Ctrl-C, too
  running=0
  for fold in $(trainings); do
    if [ "$running" -ge "$jobs" ]; then
      wait -n
      running=$((running - 1))
    fi
    train_fold "$fold" &
    running=$((running + 1))
  done
  while [ "$running" -gt 0 ]; do
    wait -n
    running=$((running - 1))
  done
  trap - EXIT
  [ -e "$exp/seconds" ] || echo "$SECONDS" >"$exp/seconds"
fi

if due 4; then
  echo "stage 4: evaluation"
  for fold in $(trainings); do
    model=$exp/$fold
    test=test
    if reads_strings; then
      model=$exp/$fold/model.onnx
      test=strings
      speechrnn export --experiment "$exp/$fold" --out "$model"
    fi
    speechrnn evaluate --model "$model" --data "$data/$fold/$test" --out "$exp/$fold/evaluation" \
      >"$exp/$fold/evaluation.txt"
  done
  report=(--experiment "$exp" --out RESULTS.md --command "$command")
  report+=(--commit "$(git -C "$root" describe --always --dirty 2>/dev/null)")
  if reads_strings; then
    python "$here/local/strings.py" "${report[@]}"
    for grammar in pin phone; do
      python "$here/local/grammar.py" "${report[@]}" --data "$data" \
        --grammar "$here/conf/$grammar.txt" "${negatives[@]}"
    done
    speechrnn lm train --text "$data/numbers/train.txt" --valid "$data/numbers/valid.txt" \
      --out "$exp/numbers.onnx" --set training.epochs=5
    python "$here/local/language.py" "${report[@]}" --data "$data" --lm "$exp/numbers.onnx"
  else
    python "$here/local/results.py" "${report[@]}"
  fi
fi

if due 5; then
  echo "stage 5: export"
  fold=$(folds | tail -n 1)
  test=test
  if reads_strings; then test=strings; fi
  speechrnn export --experiment "$exp/$fold" --out "$exp/digits.onnx"
  awk 'NR % 11 == 1 { print $2 }' "$data/$fold/$test/wav.scp" | head -n 5 |
    xargs speechrnn transcribe --model "$exp/digits.onnx"
  if reads_strings; then
    echo "The same model with a grammar, on PINs and on the strings above:"
    awk 'NR % 25 == 1 { print $2 }' "$data/$fold"/{pin,strings}/wav.scp |
      xargs speechrnn transcribe --model "$exp/digits.onnx" --grammar "$here/conf/pin.txt"
  fi
  echo "The model has never heard ${fold#fold_}. Try it on a recording of yours:"
  echo "  $root/.venv/bin/speechrnn transcribe FILE --model $work/$exp/digits.onnx"
fi

if due 6; then
  echo "stage 6: live demo"
  [ -e "$exp/digits.onnx" ] || {
    echo "run.sh: $work/$exp/digits.onnx is not there; run stage 5 first" >&2
    exit 2
  }
  speechrnn listen --model "$exp/digits.onnx"
fi
