"""Expected power: the IEC curve, learned models, their band, and the figures that judge them."""
