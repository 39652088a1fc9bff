"""The process: its watchdog, systemd, signals, memory and files."""
