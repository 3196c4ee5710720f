"""From a trained network to the one file that holds it."""
