"""The conversation with one terminal: lines in, steps out. It uses the language and the tenants, and no network.

The step and the next state for a line, by the state of the session:

    ========== ============================== ===========================================================
    state      the line says                  step, and next state
    ========== ============================== ===========================================================
    any        no message, unknown code       Ignore
    any        bad checksum                   Say 96; the third in a row disconnects: Closed
    any        97                             Say the bytes last sent, or 96 if there are none
    any        97, early                      Ignore: the answer sent meanwhile is the one that was asked for
    any        a write with a bad fixed part  Decline
    any        too many fields                Decline
    any        more than one AO               as an AO of another library; 93 Say 940
    Connected  93 that names a library        SignIn: admitted Serving, Say 941; turned away Say 940
    LoggedIn   93 that names a library        SignIn: admitted Serving, Say 941; turned away Connected, Say 940
    Connected  93 that names none             LoggedIn, Say 941 (or Say 940, if deferred login is off)
    LoggedIn   93 that names none             LoggedIn with the new credentials, Say 941
    Connected  99                             Ask, of no library
    LoggedIn   99                             Ask, of no library
    Connected  AO and AC "username:password"  SignIn: admitted Serving, Ask; turned away Say its refusal
    LoggedIn   AO                             SignIn: admitted Serving, Ask; turned away Say its refusal
    Connected  anything else                  Decline
    LoggedIn   anything else                  Decline
    given      anything but a 93              SignIn: admitted as Serving; turned away Say its refusal, 99 as above
    given      93 of another library          Say 940
    given      any other 93                   SignIn: admitted Serving, Say 941; turned away Say 940
    Serving    93 of the same account         SignIn: admitted Say 941, at its location; turned away refused, Say 940
    Serving    93 of another one              Say 940 and disconnect: Closed
    Serving    a write, same bytes as before  Say the answer given before, while nothing newer was written on its item
    Serving    such a repeat, done on an item Confirm: if so Say the answer given before, else as a new write
    Serving    such a repeat, early           Ignore: the answer sent meanwhile is the one that was asked for
    Serving    a write that is in progress    Wait: the terminal sent it on another connection, and has reconnected
    Serving    AO of this library, or none    Ask
    Serving    AO or AC of another one        Decline; the third disconnects: Closed
    refused    99                             Ask, of no library
    refused    AO of this library, or none    Decline
    Closed     anything                       Ignore
    ========== ============================== ===========================================================

Refused is Serving after a 940, until the next 941: bound to its library, and not logged in.

A 93 in an ambiguous form names a library only if `expects` confirms it for the library, the account, the location and
the form; otherwise the first AO decides.

AC counts as `username:password` where the session has no account yet, and where it got its account from AC. Elsewhere
it is the terminal's password, which may have a colon in it.

Early means that a line came before the answer to the previous line was sent.

A session handles one line at a time. `SignIn`, `Ask`, `Confirm`, `Wait` and `Decline` are questions to the gateway: it
calls `admitted` or `turned_away`, `reply`, `confirmed`, `waited`, or `refuse`, each of which returns the next step.

A 98 to a 99 whose login could not be decided, because the library can't be reached, does not say that it is online.

"Before" and "in progress" count for the terminal, on all its connections: for the library and the terminal that were
passed to `admitted`.

A message with two AO is refused even if they agree: programs differ on which of them counts, and one that reads another
one than the gateway would answer for another library.

"Given" is a Connected session to which the configuration gives a library and an account, by the terminal's address or
certificate. A 93 that names the library and an account is used as it is; any other means the given account, and so does
every other request, even one with an account in AC.

From `admitted` on the terminal's profile decides how responses are spelled, the 941 included; before, the default does.
"""

from sip2gw.session.conversation import Session
from sip2gw.session.kept_answers import FirstTry, KeptAnswers, Newest
from sip2gw.session.logins import Login, institution_id
from sip2gw.session.signing_in import NOT_AGAIN
from sip2gw.session.steps import (
    BAD_CHECKSUM,
    HELD,
    PATIENCE,
    REJECTED,
    REPEATED,
    RESENT,
    Ask,
    Closed,
    Confirm,
    Connected,
    Decline,
    Ignore,
    LoggedIn,
    Say,
    Serving,
    SignIn,
    State,
    Step,
    Wait,
)

__all__ = [
    "BAD_CHECKSUM",
    "HELD",
    "NOT_AGAIN",
    "PATIENCE",
    "REJECTED",
    "REPEATED",
    "RESENT",
    "Ask",
    "Closed",
    "Confirm",
    "Connected",
    "Decline",
    "FirstTry",
    "Ignore",
    "KeptAnswers",
    "LoggedIn",
    "Login",
    "Newest",
    "Say",
    "Serving",
    "Session",
    "SignIn",
    "State",
    "Step",
    "Wait",
    "institution_id",
]
