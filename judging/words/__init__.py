"""What results say of findings, lines and facts, in Chinese and English."""
