"""The service on this machine: the AWS engine, DynamoDB Local, and starting and stopping them."""
