"""Judges of tokens: which scale coheres, which tokens are relevant."""
