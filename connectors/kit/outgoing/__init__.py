"""Numbers and products that go out to a marketplace in order: an older one never stays over a newer one (INV-5)."""
