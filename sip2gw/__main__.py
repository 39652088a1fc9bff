"""The `sip2gw` command, once all that it needs is found to be installed."""

from sip2gw.dependencies import require_all


def main() -> None:
    """Run the command line; see `sip2gw.tools.cli`."""
    require_all()
    from sip2gw.tools.cli import main as command

    command(prog_name="sip2gw")


if __name__ == "__main__":
    main()
