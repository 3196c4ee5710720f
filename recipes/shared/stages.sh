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
