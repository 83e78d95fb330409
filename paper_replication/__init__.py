"""Narrow finetuning leaves clearly readable traces in activation differences: a replication (arXiv 2510.13900)."""
