"""The board: the operator's screens in a browser, on the admin endpoint. It never talks to a terminal or a library."""
