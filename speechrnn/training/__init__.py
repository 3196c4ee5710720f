"""Training: the loop, its checkpoints, and what a trained network predicts."""
