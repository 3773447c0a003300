"""Prices out: which price each channel shall ask, and which changes wait for a person (PRC-1, PRC-2)."""
