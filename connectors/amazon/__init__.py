"""Amazon Selling Partner API connector."""
