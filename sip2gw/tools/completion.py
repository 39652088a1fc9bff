"""`sip2gw completion`: the lines that teach a shell to complete the command."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command(short_help="Print what a shell needs for completion.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what SHELL needs to complete the sip2gw command with the Tab key.

    \b
    bash, in ~/.bashrc:                     eval "$(sip2gw completion bash)"
    zsh, in ~/.zshrc:                       eval "$(sip2gw completion zsh)"
    fish, in ~/.config/fish/config.fish:    sip2gw completion fish | source
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, "sip2gw", "_SIP2GW_COMPLETE").source())
