"""What is captured: which layers, which samples, and how a layer becomes one vector per sample."""
