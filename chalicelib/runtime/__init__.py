"""What a Lambda function runs on: settings, the HTTP edge, AWS clients, queues and tracing."""
