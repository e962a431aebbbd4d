"""Whether the box was put down on the way, by what the positions prove and leave open."""
