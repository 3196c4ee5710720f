#!/usr/bin/env bash
# Train a recogniser of spoken commands from nothing but a list of words: speech is synthesised.
#
# Usage: bash recipes/tts_commands/run.sh [--words "lights on,lights off,help"] [OPTION ...]
#
#   --words LIST            words and phrases to recognise, separated by commas
#   --engines LIST          of espeak,flite,festival; default: all that are installed
#   --hold-out-engine NAME  train without this engine and test on it; auto: festival, else flite,
#                           where they are installed; none: train on all
#   --test DIR              Kaldi data directory of real recordings of the words, tested as well
#   --voices N              espeak voices to train on (300)
#   --epochs N              passes over the training speech; default: what the configuration says
#   --config FILE           default: conf/bigru.yaml
#   --name NAME             results go to data/NAME and exp/NAME; default: after the words
#   --work DIR              where data and exp are; default: beside this file
#   --seed N                of synthesis and training
#   --nproc N               processes that train together, one a GPU or CPU core (1)
#   --torchrun OPTIONS      torchrun's own options, for training on several machines
#   --stage N, --stop-stage N   0 synthesise · 1 Kaldi directories · 2 validate, statistics ·
#                           3 train · 4 evaluate · 5 export, check parity, transcribe a phrase ·
#                           6 live demo (only when asked: --stage 6 --stop-stage 6)
#
# Stages that are done already for the same settings are not repeated.
set -euo pipefail
recipe=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

words="yes,no,up,down,left,right,on,off,stop,go"
engines=
hold_out_engine=auto
test=
voices=300
epochs=
config=$recipe/conf/bigru.yaml
name=
work=$recipe
seed=0
nproc=1
torchrun=
stage=0
stop_stage=5
. "$recipe/../shared/parse_options.sh"
. "$recipe/path.sh"
. "$recipe/../shared/stages.sh"

began=$SECONDS
say() { echo "[$((SECONDS - began)) s] $*"; }

if [ -z "$name" ]; then
  name=$(printf %s "$words" | tr '[:upper:]' '[:lower:]' | tr -cs '[:alnum:]' _ | cut -c1-40)
fi
data=$work/data/$name
exp=$work/exp/$name
if [ "$hold_out_engine" = auto ]; then
  hold_out_engine=none
  for engine in festival flite; do
    case ,${engines:-$engine}, in *,$engine,*) ;; *) continue ;; esac
    command -v "$engine" >/dev/null && hold_out_engine=$engine && break
  done
fi

say "Python environment"
bash "$root/scripts/setup.sh" train tts

if due 0; then
  say "stage 0: synthesise $words"
  options=(--voices "$voices" --seed "$seed")
  [ -z "$engines" ] || options+=(--engines "$engines")
  [ "$hold_out_engine" = none ] || options+=(--hold-out-engine "$hold_out_engine")
  speechrnn prepare tts --words "$words" --target "$data" "${options[@]}"
fi

if [ ! -d "$data/train" ]; then
  echo "run.sh: $data holds no finished speech; begin with --stage 0" >&2
  exit 2
fi
tests=("$data/test")
[ "$hold_out_engine" = none ] || tests+=("$data/test_$hold_out_engine")

if due 1; then
  say "stage 1: Kaldi directories were written with the speech, in $data"
fi

if due 2; then
  say "stage 2: validate, statistics"
  speechrnn data validate "$data/train" "$data/valid" "${tests[@]}"
fi

if due 3; then
  say "stage 3: train"
  settings=(--set "training.seed=$seed" --set "clip_ms=$("$recipe/local/clip_ms.sh" "$data/train")")
  [ -z "$epochs" ] || settings+=(--set "training.epochs=$epochs")
  inputs=$(cat "$data/tts.json" "$config" <(printf '%s\n' "${settings[@]}") | cksum)
  if untrained "$exp" "$inputs"; then
    in_processes "$nproc" "$torchrun" train --config "$config" --train "$data/train" \
      --valid "$data/valid" --out "$exp/run" --resume "${settings[@]}"
    echo "$inputs" >"$exp/trained"
  fi
fi

if due 4; then
  say "stage 4: evaluate on voices never trained on"
  [ -z "$test" ] || tests+=("$test")
  rm -rf "$exp/evaluation"
  for directory in "${tests[@]}"; do
    result=$exp/evaluation/$(basename "$directory")
    [ "$directory" != "$test" ] || result=$exp/evaluation/real
    speechrnn evaluate --model "$exp/run" --data "$directory" --out "$result" >"$exp/evaluate.log"
    mv "$exp/evaluate.log" "$result/report.txt"
  done
fi

if due 5; then
  say "stage 5: export, check parity, transcribe a fresh phrase"
  speechrnn export --experiment "$exp/run" --out "$exp/model.onnx"
  python "$recipe/local/say_phrase.py" "$data" "$exp/phrase.wav"
  speechrnn transcribe "$exp/phrase.wav" --model "$exp/model.onnx"
fi

say "finished"
if [ -d "$exp/evaluation" ]; then
  python "$recipe/local/summary.py" "$exp/evaluation"
fi
if [ -f "$exp/model.onnx" ]; then
  echo "Try it on recordings of your own:"
  echo "  $root/.venv/bin/speechrnn transcribe FILE.wav --model $exp/model.onnx"
fi

if due 6; then
  say "stage 6: live demo"
  if [ ! -f "$exp/model.onnx" ]; then
    echo "run.sh: $exp/model.onnx is not there; run stage 5 first" >&2
    exit 2
  fi
  speechrnn listen --model "$exp/model.onnx"
fi
