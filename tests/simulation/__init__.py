"""A simulator of lending: it drives the production rules against a stand-in of DynamoDB, beside what others do."""
