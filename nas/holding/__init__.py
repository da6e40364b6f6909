"""Who drives which job: leases, their signs of life, and what people ask of their holders."""
