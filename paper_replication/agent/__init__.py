"""The interpretability agent of arXiv 2510.13900, section 4: an LLM that states what a model was finetuned for."""
