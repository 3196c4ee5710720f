#!/usr/bin/env bash
# Google Speech Commands: ten commands, other words and silence; or all of its words.
#
# Usage: bash recipes/speech_commands/run.sh [--corpus DIR] [--stage N] [--stop-stage N] ...
#
#   --corpus DIR      a folder in the corpus's layout, WAV or FLAC; else stage 0 downloads it
#   --version V       version to download: 0.02 or 0.01 (0.02)
#   --task N          12: commands, _unknown_ and _silence_; 35 or 30: all words of a version (12)
#   --words LIST      instead of --task: these words against all the others, separated by commas
#   --config FILE     settings of the network and its training (conf/bigru.yaml)
#   --synthetic true  train on synthetic speech as well, other words and phrases above all (false)
#   --teachers LIST   experiments of the same data to learn from, such as bigru_seed1,bigru_seed2
#   --negatives DIRS  recordings without the words, separated by commas: how often does it fire?
#   --test-noise DIRS noises that nothing was trained on, separated by commas: accuracy in them
#   --int8 true       weights of the exported file in 8 bits: a quarter of its size (false)
#   --strung-hours N  hours of validation's other words and noise to calibrate on (10)
#   --seed LIST       of the training (0); several, as 0,1: so many trainings, averaged in one file
#   --nproc N         processes that train together, one a GPU or CPU core (1)
#   --torchrun OPTS   torchrun's own options, for training on several machines
#   --work DIR        where downloads/, data/, exp/ and RESULTS.md go (this recipe's folder)
#   --stage N         first stage to run (0)
#   --stop-stage N    last stage to run (5)
#
# Stages: 0 corpus, 1 Kaldi directories, 2 validation, 3 training, 4 evaluation, 5 export,
# 6 live demo (only when asked: --stage 6 --stop-stage 6).
set -euo pipefail
shopt -s nullglob
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

corpus=
version=0.02
task=12
words=
config=$here/conf/bigru.yaml
synthetic=false
teachers=
negatives=
test_noise=
int8=false
strung_hours=10
seed=0
nproc=1
torchrun=
work=$here
stage=0
stop_stage=5
. "$here/../shared/parse_options.sh"
[ -z "$corpus" ] || corpus=$(realpath "$corpus")
each_folder negatives --negatives
each_folder test_noise --noise
if [[ ! $seed =~ ^[0-9]+(,[0-9]+)*$ ]]; then
  echo "run.sh: --seed $seed: expected a whole number, or several separated by commas" >&2
  exit 2
fi
if [ "$synthetic" = true ] && [ -z "$words" ] && [ "$task" != 12 ]; then
  echo "run.sh: --synthetic adds other words, which --task $task has not; use --task 12 or --words" >&2
  exit 2
fi
config=$(realpath "$config")
work=$(realpath "$work")
command="bash recipes/speech_commands/run.sh"
if [ -n "$corpus" ]; then command+=" --corpus DIR"; else command+=" --version $version"; fi
if [ -n "$words" ]; then command+=" --words $words"; else command+=" --task $task"; fi
command+=" --config conf/$(basename "$config")"
[ "$synthetic" = false ] || command+=" --synthetic true"
[ ${#negatives[@]} -eq 0 ] || command+=" --negatives DIRS"
[ ${#test_noise[@]} -eq 0 ] || command+=" --test-noise DIRS"
[ -z "$teachers" ] || command+=" --teachers $teachers"
[ "$int8" = false ] || command+=" --int8 true"
command+=" --seed $seed"
[ "$nproc" = 1 ] || command+=" --nproc $nproc"
from_root=${command/ conf\// recipes/speech_commands/conf/}
training=$from_root # without what matters only later
for option in "--negatives DIRS" "--test-noise DIRS" "--int8 true"; do
  training=${training/ $option/}
done
. "$here/path.sh"
. "$here/../shared/stages.sh"
cd "$work"

downloads=downloads/speech_commands_v$version
place=$(basename "${corpus:-v$version}")/$(printf %s "${words:-$task}" | tr -cs '[:alnum:]' _ | cut -c1-40)
data=data/$place
kind=
extra_train=()
extra_valid=()
if [ "$synthetic" = true ]; then
  kind=_synthetic
  said=${words:-yes,no,up,down,left,right,on,off,stop,go}
  extra_train=(--train "$data/synthetic/words" --train "$data/synthetic/others")
  extra_valid=(--negatives "$data/synthetic/valid") # its other words; the words are left out
fi
[ -z "$teachers" ] || kind+=_taught_by_$(tr , _ <<<"$teachers")
IFS=, read -ra teachers <<<"$teachers"
IFS=, read -ra seeds <<<"$seed"
named() { echo "$(basename "$config" .yaml)_seed$1$kind"; }
name=$(named "${seed//,/_}")
exp=exp/$place/$name
members=()
for one in "${seeds[@]}"; do members+=("exp/$place/$(named "$one")"); done
export_to_file() {
  local member options=()
  for member in "${members[@]}"; do options+=(--experiment "$member/run"); done
  [ "$int8" = false ] || options+=(--int8)
  speechrnn export --out "$exp/model.onnx" "${options[@]}"
}
commit() { git -C "$root" describe --always --dirty 2>/dev/null; }
streams() { grep -q 'frame_head: keyword' "$config"; }
reads_sequences() { grep -q 'frame_head: ctc' "$config"; }

if due 0; then
  echo "stage 0: corpus"
  extras=(train)
  [ "$synthetic" = false ] || extras+=(tts)
  bash "$root/scripts/setup.sh" "${extras[@]}"
  if [ -z "$corpus" ]; then
    speechrnn download speech-commands --version "$version" --target "$downloads"
    speechrnn download speech-commands --version "$version" --target "${downloads}_test_set" --test-set
  fi
  if [ "$synthetic" = true ]; then
    speechrnn prepare tts --target "$data/synthetic" --other-share 2 --other-phrases \
      --words "$said"
    # Few of the words: real ones are there, but other words alone would teach that synthetic
    # voices say none of them.
    speechrnn data subset "$data/synthetic"/{train,words} --words "$said" --count 900
    speechrnn data subset "$data/synthetic"/{train,others} --words _unknown_,_silence_
  fi
fi

if due 1; then
  echo "stage 1: Kaldi directories"
  options=(--task "$task")
  [ -z "$words" ] || options=(--words "$words")
  if [ -z "$corpus$words" ] && [ "$task" = 12 ]; then
    options+=(--test-archive "${downloads}_test_set")
  fi
  speechrnn prepare speech-commands --corpus "${corpus:-$downloads}" --target "$data" "${options[@]}"
fi

if due 2; then
  echo "stage 2: validation"
  need "$data/corpus.json" 1
  speechrnn data validate "$data/train" "$data/valid" "$data"/test* "$data"/noise/*
fi

if due 3; then
  echo "stage 3: training"
  need "$data/corpus.json" 1
  options=()
  [ ! -d "$data/noise/train" ] || options+=(--noise "$data/noise/train")
  facts=("$data"/{train,valid}/{text,segments} "$config")
  if [ "$synthetic" = true ]; then
    need "$data/synthetic/tts.json" 0
    facts+=("$data/synthetic/tts.json")
  fi
  for teacher in "${teachers[@]}"; do
    need "exp/$place/$teacher/trained" "3 for it"
    options+=(--teacher "exp/$place/$teacher/run")
    facts+=("exp/$place/$teacher/trained")
  done
  for i in "${!seeds[@]}"; do
    one=${seeds[i]}
    member=${members[i]}
    inputs=$(cat "${facts[@]}" <(echo "$one") | cksum)
    if untrained "$member" "$inputs"; then
      in_processes "$nproc" "$torchrun" train --config "$config" --train "$data/train" \
        "${extra_train[@]}" --valid "$data/valid" --out "$member/run" --resume \
        --set "training.seed=$one" "${options[@]}"
      echo "$inputs" >"$member/trained"
    fi
    echo "${training/--seed $seed/--seed $one}" >"$member/command"
  done
  if [ ${#seeds[@]} -gt 1 ]; then
    mkdir -p "$exp"
    inputs=$(cat "${members[@]/%//trained}" | cksum)
    [ "$(cat "$exp/trained" 2>/dev/null)" = "$inputs" ] || rm -rf "$exp"/{trained,evaluation,model.onnx}
    echo "$inputs" >"$exp/trained"
  fi
fi

if due 4; then
  echo "stage 4: evaluation"
  need "$exp/trained" 3
  judge=$exp/run
  if [ ${#seeds[@]} -gt 1 ]; then
    export_to_file
    judge=$exp/model.onnx
  fi
  for directory in "$data"/test*; do
    speechrnn evaluate --model "$judge" --data "$directory" \
      --out "$exp/evaluation/$(basename "$directory")" >"$exp/$(basename "$directory").txt"
  done
  rows=(--out RESULTS.md)
  [ ! -e "$exp/evaluation/reported" ] || rows=() # there already
  python "$here/local/results.py" --data "$data" --experiment "$exp" "${members[@]/#/--member=}" \
    --command "$command" "${rows[@]}"
  touch "$exp/evaluation/reported"
fi

if due 5; then
  echo "stage 5: export"
  need "$exp/trained" 3
  export_to_file
  # A few clips of people whom the model has never heard.
  awk '!/^_background_noise_/ && NR % 11 == 1 && ++n <= 5 { sub(/^[^ ]+ /, ""); print }' \
    "$data/test/wav.scp" | xargs -d '\n' speechrnn transcribe --model "$exp/model.onnx"
  if streams || { [ ${#negatives[@]} -gt 0 ] && ! reads_sequences; }; then
    [ ! -d "$data/noise/valid" ] || extra_valid+=(--negatives "$data/noise/valid")
    speechrnn calibrate --model "$exp/model.onnx" --positives "$data/valid" "${extra_valid[@]}" \
      --strung-hours "$strung_hours" --false-alarms-per-hour 0.5 --out "$exp/calibration"
    # What it was calibrated on is not what it is tested on.
    speechrnn evaluate --model "$exp/model.onnx" --data "$data/test" "${negatives[@]}" --stream \
      --out "$exp/evaluation/stream"
    # The card speaks of the file, whose weights may be rounded.
    speechrnn evaluate --model "$exp/model.onnx" --data "$data/test" --out "$exp/evaluation/file" \
      >"$exp/file.txt"
  fi
  if streams; then
    python "$here/local/latency.py" --model "$exp/model.onnx" --data "$data/test" --name "$name" \
      --out RESULTS.md --commit "$(commit)"
  fi
  if [ ${#test_noise[@]} -gt 0 ]; then
    python "$here/local/robustness.py" --model "$exp/model.onnx" --data "$data/test" \
      "${test_noise[@]}" --name "$name" --out RESULTS.md --commit "$(commit)"
  fi
  if [ -e "$exp/evaluation/stream/stream.json" ]; then
    options=(--command "$from_root --strung-hours $strung_hours")
    for teacher in "${teachers[@]}"; do
      need "exp/$place/$teacher/command" "3 for it"
      options+=(--teacher "exp/$place/$teacher")
    done
    [ "$synthetic" = false ] || options+=(--synthetic "$data/synthetic")
    python "$here/local/card.py" --data "$data" --experiment "$exp" "${options[@]}" --out "$exp/card.md"
  fi
  echo "Try it on a recording of yours, or live:"
  echo "  $root/.venv/bin/speechrnn transcribe FILE --model $work/$exp/model.onnx"
  echo "  $root/.venv/bin/speechrnn listen --model $work/$exp/model.onnx"
fi

if due 6; then
  echo "stage 6: live demo"
  need "$exp/model.onnx" 5
  speechrnn listen --model "$exp/model.onnx"
fi
