"""Runs for the app: jobs in processes of their own, and how long they take."""
