"""Package the service and deploy it."""
