"""Records of how every result was made, and the audit that verifies them."""
