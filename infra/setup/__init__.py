"""Make the environments, fetch the tools, and keep what is generated current."""
