"""How well a recogniser does: figures with intervals, plots, a report."""
