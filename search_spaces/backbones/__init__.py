"""Backbones that carry attention at named positions."""
