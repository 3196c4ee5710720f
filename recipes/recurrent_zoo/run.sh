#!/usr/bin/env bash
# Recurrent networks like for like: every cell, in one direction and both, of one size.
#
# Usage: bash recipes/recurrent_zoo/run.sh [--corpus DIR] [--stage N] [--stop-stage N] ...
#
#   --corpus DIR      a folder in the layout of Speech Commands, WAV or FLAC; else stage 0 downloads it
#   --version V       version to download: 0.02 or 0.01 (0.02)
#   --task N          12: commands, _unknown_ and _silence_; 35 or 30: all words of a version (12)
#   --words LIST      instead of --task: these words against all the others, separated by commas
#   --config FILE     what all networks share (conf/zoo.yaml)
#   --cells LIST      the networks, separated by commas (all: feedforward, rnn_tanh, rnn_relu, gru,
#                     lstm, mingru, rglru)
#   --directions LIST uni, bi or uni,bi (uni,bi); feedforward has none and is trained once
#   --parameters N    of each network, as near as its hidden size allows (60000)
#   --seeds LIST      of the trainings, separated by commas (0)
#   --work DIR        where downloads/, data/, exp/ and RESULTS.md go (this recipe's folder)
#   --stage N         first stage to run (0)
#   --stop-stage N    last stage to run (5)
#
# Stages: 0 corpus, 1 Kaldi directories, 2 validation and hidden sizes, 3 training, 4 evaluation,
# 5 export, costs and the table.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

corpus=
version=0.02
task=12
words=
config=$here/conf/zoo.yaml
cells=feedforward,rnn_tanh,rnn_relu,gru,lstm,mingru,rglru
directions=uni,bi
parameters=60000
seeds=0
work=$here
stage=0
stop_stage=5
. "$here/../shared/parse_options.sh"
[ -z "$corpus" ] || corpus=$(realpath "$corpus")
config=$(realpath "$config")
work=$(realpath "$work")
case $directions in uni | bi | uni,bi) ;; *)
  echo "run.sh: --directions $directions: expected uni, bi or uni,bi" >&2
  exit 2
  ;;
esac
command="bash recipes/recurrent_zoo/run.sh"
if [ -n "$corpus" ]; then command+=" --corpus DIR"; else command+=" --version $version"; fi
if [ -n "$words" ]; then command+=" --words $words"; else command+=" --task $task"; fi
command+=" --config conf/$(basename "$config") --cells $cells --directions $directions"
command+=" --parameters $parameters --seeds $seeds"
. "$here/path.sh"
. "$here/../shared/stages.sh"
cd "$work"

downloads=downloads/speech_commands_v$version
place=$(basename "${corpus:-v$version}")/$(printf %s "${words:-$task}" | tr -cs '[:alnum:]' _ | cut -c1-40)
data=data/$place
exp=exp/$place/$(basename "$config" .yaml)_$parameters
networks=()
for cell in ${cells//,/ }; do
  for direction in ${directions//,/ }; do
    [ "$cell" = feedforward ] && [ "$direction" != "${directions%%,*}" ] || networks+=("${cell}_$direction")
  done
done

if due 0; then
  echo "stage 0: corpus"
  bash "$root/scripts/setup.sh" train
  [ -n "$corpus" ] ||
    speechrnn download speech-commands --version "$version" --target "$downloads"
fi

if due 1; then
  echo "stage 1: Kaldi directories"
  options=(--task "$task")
  [ -z "$words" ] || options=(--words "$words")
  speechrnn prepare speech-commands --corpus "${corpus:-$downloads}" --target "$data" "${options[@]}"
fi

if due 2; then
  echo "stage 2: validation and hidden sizes"
  need "$data/corpus.json" 1
  speechrnn data validate "$data"/{train,valid,test}
  python "$here/local/networks.py" --config "$config" --train "$data/train" \
    --parameters "$parameters" --out "$exp" "${networks[@]}"
fi

if due 3; then
  echo "stage 3: training"
  noise=()
  [ ! -d "$data/noise/train" ] || noise=(--noise "$data/noise/train")
  for network in "${networks[@]}"; do
    need "$exp/$network.yaml" 2
    for seed in ${seeds//,/ }; do
      run=$exp/$network/seed$seed
      inputs=$(cat "$data"/{train,valid}/{text,segments} "$exp/$network.yaml" | cksum)
      untrained "$run" "$inputs" || continue
      TIMEFORMAT='%U %S'
      { time speechrnn train --config "$exp/$network.yaml" --train "$data/train" \
        --valid "$data/valid" --out "$run/run" --resume --set "training.seed=$seed" \
        "${noise[@]}" 2>&3; } 3>&2 2>>"$run/cpu_seconds"
      echo "$inputs" >"$run/trained"
    done
  done
fi

if due 4; then
  echo "stage 4: evaluation"
  for network in "${networks[@]}"; do
    for seed in ${seeds//,/ }; do
      run=$exp/$network/seed$seed
      need "$run/trained" 3
      [ -e "$run/evaluation/scores.json" ] ||
        speechrnn evaluate --model "$run/run" --data "$data/test" --out "$run/evaluation" \
          >"$run/test.txt"
    done
  done
fi

if due 5; then
  echo "stage 5: export, costs and the table"
  for network in "${networks[@]}"; do
    run=$exp/$network/seed${seeds%%,*}
    need "$run/evaluation/scores.json" 4
    [ -e "$run/model.onnx" ] || speechrnn export --experiment "$run/run" --out "$run/model.onnx"
    cp "$run/model.onnx" "$exp/$network/model.onnx"
  done
  python "$here/local/costs.py" --experiments "$exp" --out "$exp/costs.json" "${networks[@]}"
  python "$here/local/table.py" --data "$data" --experiments "$exp" --seeds "$seeds" \
    --costs "$exp/costs.json" --command "$command" --out RESULTS.md \
    --commit "$(git -C "$root" describe --always --dirty 2>/dev/null || true)" "${networks[@]}"
fi
