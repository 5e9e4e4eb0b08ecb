"""What is captured: which layers, which samples, how a layer becomes one vector per sample. No framework here."""
