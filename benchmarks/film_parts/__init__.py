"""The parts of the film benchmark."""
