"""From bytes to readings in the journal and the stores."""
