"""What an account has set up: sites, pools, numbers, campaigns, endpoints, API keys."""
