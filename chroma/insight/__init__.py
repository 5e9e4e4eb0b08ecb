"""What can be found out about samples, classes, layers and epochs: pure numerics."""
