"""The office's statistics table as it is handed in: JSON, workbook, print."""
