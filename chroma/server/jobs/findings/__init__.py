"""The job that looks for findings in a run: each module asks one kind of question of the evidence."""
