"""TLS at the port of terminals: certificates, contexts, handshake."""
