"""Attention types: one short file a family, every class maps (B, C, H, W) to (B, C, H, W)."""
