"""The operator's side: the manage API, thin over the task modules."""
