"""Pictures: an architecture with the attention at its places, and what its attention looks at."""
