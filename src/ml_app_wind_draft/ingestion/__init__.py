"""Rows on their way in: sources, the contract and the intake that stores the verdict."""
