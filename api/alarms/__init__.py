"""Alarms: what people are told at once, by mail and by robots of chats, until somebody knows."""
