"""What an organism is, and the documents made from it."""
