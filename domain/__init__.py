"""The words of ColdWitness: frozen, tiny, without input or output."""
