"""Steering with the difference: steered answers, how strong they may be, and what they are like."""
