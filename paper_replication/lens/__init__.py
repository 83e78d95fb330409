"""The Activation Difference Lens on tensors: activations, delta, logit lens, Patchscope."""
