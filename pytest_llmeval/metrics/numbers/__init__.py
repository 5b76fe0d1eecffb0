"""Numbers with their units, as answers write them."""
