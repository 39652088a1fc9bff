"""The `sip2gw` command: the names of its subcommands, each of which is imported only when it is used.

Completion of commands and options in the shell: `eval "$(sip2gw completion bash)"` (or zsh; for fish
`sip2gw completion fish | source`) in the shell's start file.
"""

from __future__ import annotations

import importlib

import click
from click.shell_completion import get_completion_class

from sip2gw import __version__

_COMMANDS = {
    "check": "sip2gw.check.command:check",
    "check-config": "sip2gw.tools.check_config:check_config",
    "completion": "sip2gw.tools.cli:completion",
    "decode": "sip2gw.tools.decode:decode",
    "disconnect": "sip2gw.tools.intervene:disconnect",
    "door": "sip2gw.tools.watch:door",
    "explain": "sip2gw.tools.explain:explain",
    "explain-bin": "sip2gw.tools.explain_bin:explain_bin",
    "invite": "sip2gw.tools.invite:invite",
    "journal": "sip2gw.tools.journal:journal",
    "load": "sip2gw.tools.load:load",
    "operator": "sip2gw.tools.operator:operator",
    "privacy": "sip2gw.tools.privacy:privacy",
    "show": "sip2gw.tools.watch:show",
    "store": "sip2gw.tools.store:store",
    "tail": "sip2gw.tools.watch:tail",
    "terminal": "sip2gw.tools.terminal:terminal",
    "terminals": "sip2gw.tools.terminals:terminals",
    "top": "sip2gw.tools.top:top",
    "trace": "sip2gw.tools.intervene:trace",
}
"""Name of the subcommand, and the module and name of its command object."""


class LazyGroup(click.Group):
    """A group that imports a command when it is used, so that each command starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in alphabetical order."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name; None if this installation does not have it."""
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        try:
            command: click.Command = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as missing:
            if missing.name == module:
                return None
            raise click.ClickException(
                f"{cmd_name} needs the package {missing.name}: pip install 'sip2gw[demo]'"
            ) from None
        return command


@click.command(short_help="Print the completion script for a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script with which SHELL completes the sip2gw command at the Tab key.

    \b
    bash, in ~/.bashrc:                     eval "$(sip2gw completion bash)"
    zsh, in ~/.zshrc:                       eval "$(sip2gw completion zsh)"
    fish, in ~/.config/fish/config.fish:    sip2gw completion fish | source
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, "sip2gw", "_SIP2GW_COMPLETE").source())


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Shell completion: sip2gw completion --help",
)
@click.version_option(__version__, prog_name="sip2gw")
def main() -> None:
    """Tools around sip2gw, the gateway from SIP2 terminals to Librarika."""


if __name__ == "__main__":
    main()
