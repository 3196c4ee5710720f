# Stages of a recipe. Source it where stage, stop_stage and work are set.

# due N: whether stage N was asked for.
due() { [ "$stage" -le "$1" ] && [ "$stop_stage" -ge "$1" ]; }

# need PATH N: ends the recipe where PATH, below the work directory, is not there; stage N makes it.
need() {
  [ -e "$1" ] || {
    echo "$(basename "$0"): $work/$1 is not there; run stage $2 first" >&2
    exit 2
  }
}

# untrained DIR INPUTS: whether a training of these inputs, a checksum, is still to be done in DIR. What
# was made there of other inputs goes; what was broken off with the same ones goes on.
untrained() {
  if [ "$(cat "$1/trained" 2>/dev/null)" = "$2" ]; then
    echo "done before: $1/run"
    return 1
  fi
  [ "$(cat "$1/inputs" 2>/dev/null)" = "$2" ] || rm -rf "$1"
  mkdir -p "$1"
  echo "$2" >"$1/inputs"
}
