"""What could be built: attention types, backbones, placements, architectures, cost."""
