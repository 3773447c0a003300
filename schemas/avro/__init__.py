"""The Avro schemas, as files: one record each, every field documented, personal data tagged with `pii`."""
