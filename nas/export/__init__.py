"""A searched architecture as plain PyTorch code."""
