"""What people see: web pages over the store."""
