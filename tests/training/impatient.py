"""The `speechrnn` program, whose processes miss each other after six seconds."""

from speechrnn.cli.main import run
from speechrnn.training import pulse

pulse.BEAT_S, pulse.PATIENCE_BEATS = 0.5, 12
run()
