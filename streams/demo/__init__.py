"""The demo: real Kafka, real registry, sandboxes that lie, the whole pipeline, and a ledger at the end that has to balance."""
