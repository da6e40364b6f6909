"""What stands between the network and the routes: addresses, headers, limits, who may what."""
