"""`sip2gw explain-bin`: the bin of an item, and the rule that decides, without a checkin.

The command asks the gateway for the items as a terminal does (17), and takes the rules from the configuration file. An
18 does not say at which branch a reservation will be collected: the command takes the item's own branch.
"""

from __future__ import annotations

import click
from attrs import evolve, frozen
from rich.console import Console
from rich.table import Table

from sip2gw.circulation.items import MEDIA_TYPES
from sip2gw.circulation.sorting import BinRule, Situation, deciding_rule
from sip2gw.library import Hold, Item
from sip2gw.sip2 import Dialect, build, lay_out, messages
from sip2gw.tools.address import Unreachable
from sip2gw.tools.check_config import read_config
from sip2gw.tools.connection import Connection
from sip2gw.tools.conversation import Conversation
from sip2gw.tools.options import Setup, setup_options

_MEDIA = {code: medium for medium, code in MEDIA_TYPES.items()}
_NOT_KNOWN = "01"
_WIDE = 160


@frozen
class Sorted:
    """An item, its situation, and its bin."""

    item_id: str
    situation: Situation
    rule: int | None = None
    """Counted from 0, as in the places of faults; None if no rule matches."""
    bin: str = ""


@click.command(short_help="Show which bin items would go to.")
@setup_options
@click.option(
    "--config", "file", required=True, metavar="FILE", type=click.Path(), help="The file with the bin rules."
)
@click.option(
    "--here",
    default="",
    metavar="BRANCH",
    help="The branch where the sorter stands.  [default: its profile's, else CP]",
)
@click.argument("items", metavar="AB...", nargs=-1, required=True)
def explain_bin(setup: Setup, file: str, here: str, items: tuple[str, ...]) -> None:
    """Ask the gateway for each item AB and apply the library's bin rules to it. Nothing is checked in.

    Log in as the sorter does, with its profile: if the profile does not send call_number, rules with call numbers can't
    match. The exit status is 1 if an item matches no rule.

    \b
    sip2gw explain-bin --config sip2gw.toml --library riverside --account kiosk@riverside.example --here Main 10001
    """
    settings = read_config(file).settings
    who = setup.terminal
    profile = settings.effective(who.library, who.account, who.location).profile
    dialect = Dialect(charset=profile.charset, delimiter=profile.delimiter)
    rules = settings.of(who.library).bins
    if not rules:
        raise click.UsageError(f"{file} has no bin rules for {who.library or 'a library without --library'}")
    try:
        here = here or profile.branch or who.location
        found = [placed(item, rules, here) for item in _ask(setup, dialect, items)]
    except Unreachable as lost:
        click.echo(str(lost), err=True)
        raise SystemExit(2) from None
    _show(found)
    raise SystemExit(0 if all(one.rule is not None for one in found) else 1)


def placed(answer: messages.ItemInformationResponse, rules: tuple[BinRule, ...], here: str) -> Sorted:
    """Decide where the item of an 18 goes from the branch `here`."""
    situation = situation_of(answer, here)
    decided = deciding_rule(rules, situation)
    if decided is None:
        return Sorted(answer.item_identifier, situation)
    return Sorted(answer.item_identifier, situation, decided[0] - 1, decided[1].bin)


def situation_of(answer: messages.ItemInformationResponse, here: str) -> Situation:
    """Make the situation that a sorter at `here` would see. A reservation or another branch raises the alert."""
    if answer.circulation_status == _NOT_KNOWN and not answer.title_identifier:
        return Situation(None, here, alert=True)
    further = dict(answer.extensions)
    item = Item(
        answer.item_identifier,
        answer.title_identifier,
        _MEDIA.get(answer.media_type or "", _MEDIA["000"]),
        answer.permanent_location or "",
        answer.current_location or "",
        further.get("CS", ""),
    )
    waited_for = bool(answer.hold_queue_length) or answer.circulation_status == "08"
    situation = Situation(item, here, Hold("", item.branch) if waited_for else None)
    return evolve(situation, alert=waited_for or situation.transit)


def _ask(setup: Setup, dialect: Dialect, items: tuple[str, ...]) -> list[messages.ItemInformationResponse]:
    with Connection(setup.address, timeout=setup.timeout, terminator=setup.terminator) as connection:
        conversation = Conversation(connection, error_detection=setup.error_detection, dialect=dialect)
        login = setup.terminal.login() if setup.logs_in else None
        if login is not None:
            said = build(lay_out(conversation.ask(login).answer, dialect))
            if not isinstance(said, messages.LoginResponse) or not said.ok:
                raise Unreachable(f"{setup.address} refused the login; its log says why")
        return [_item(conversation, setup, item) for item in items]


def _item(conversation: Conversation, setup: Setup, item: str) -> messages.ItemInformationResponse:
    request = setup.terminal.request(messages.ItemInformation, item_identifier=item)
    answer = build(lay_out(conversation.ask(request).answer, conversation.dialect))
    if not isinstance(answer, messages.ItemInformationResponse):
        raise Unreachable(f"{setup.address} answered {answer.code} to a 17")
    return answer


def _show(found: list[Sorted]) -> None:
    table = Table("item", "bin", "rule", "title", "medium", "call number", "goes to", "is")
    for one in found:
        situation, item = one.situation, one.situation.item
        rule = "no rule" if one.rule is None else f"bins[{one.rule}]"
        facts = {
            "unknown": situation.unknown,
            "waited for": situation.hold is not None,
            "in transit": situation.transit,
            "an alert": situation.alert,
        }
        is_ = ", ".join(fact for fact, true in facts.items() if true)
        about = (item.title, item.medium.value, item.call_number) if item is not None else ("", "", "")
        table.add_row(one.item_id, one.bin, rule, *about, situation.destination, is_)
    Console(width=_WIDE, highlight=False, markup=False).print(table)
