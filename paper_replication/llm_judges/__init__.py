"""LLM judges of scales, relevance and coherence, behind the interfaces of the offline judges."""
