"""`python -m speechrnn`, as torchrun starts it."""

from speechrnn.cli.main import run

run()
