"""What was recorded: tracks, the judged time, series of readings, their steps and holes."""
