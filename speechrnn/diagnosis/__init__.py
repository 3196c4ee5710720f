"""What training a recurrence is like: gradients through time, saturated gates, clipping."""
