"""The steps between the topics: transform (map, filter, dedupe), route, deliver. Each decides in plain functions and talks in one short class."""
