"""Reports of what was found in runs: made from segments by a job, read by the dashboard, made anew."""
