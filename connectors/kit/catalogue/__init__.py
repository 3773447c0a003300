"""What every marketplace asks of a product, as pure functions over the canonical record, and tables that say what becomes what (PRD-1, PRD-5).

Only `images` (fetching, storing) and `files` (reading the tables) touch anything outside.
"""
