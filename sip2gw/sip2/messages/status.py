"""Terminal and ACS: login, status and resend."""

from __future__ import annotations

from sip2gw.secret import Secret
from sip2gw.sip2 import fields
from sip2gw.sip2.kinds import Timestamp
from sip2gw.sip2.message import Request, Response, fixed, message, optional, repeated, required


@message("98", since="1.00")
class ACSStatus(Response):
    """Answer to 99; may also be sent in place of any other answer to announce a changed state."""

    online_status: bool = fixed(fields.ONLINE_STATUS, default=False)
    checkin_ok: bool = fixed(fields.CHECKIN_OK, default=False)
    checkout_ok: bool = fixed(fields.CHECKOUT_OK, default=False)
    acs_renewal_policy: bool = fixed(fields.ACS_RENEWAL_POLICY, default=False)
    status_update_ok: bool = fixed(fields.STATUS_UPDATE_OK, default=False)
    offline_ok: bool = fixed(fields.OFFLINE_OK, default=False)
    timeout_period: int | None = fixed(fields.TIMEOUT_PERIOD, default=300)
    retries_allowed: int | None = fixed(fields.RETRIES_ALLOWED, default=3)
    date_time_sync: Timestamp = fixed(fields.DATE_TIME_SYNC, default=None)
    protocol_version: str = fixed(fields.PROTOCOL_VERSION, default="2.00")
    institution_id: str = required(fields.AO, default="")
    library_name: str | None = optional(fields.AM, default=None)
    supported_messages: frozenset[str] = required(fields.BX, default=frozenset())
    terminal_location: str | None = optional(fields.AN, default=None)
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("96", since="1.00")
class RequestSCResend(Response):
    """Send your last message again. Never carries AY; carries AZ while error detection is on."""


@message("94")
class LoginResponse(Response):
    """Answer to 93."""

    ok: bool = fixed(fields.OK, default=False)


@message("99", since="1.00", response=ACSStatus, read_only=True)
class SCStatus(Request):
    """Report the state of the terminal. Sent first in a connection, or after 93; also used as a heartbeat."""

    status_code: str = fixed(fields.STATUS_CODE, default="0")
    max_print_width: int | None = fixed(fields.MAX_PRINT_WIDTH, default=None)
    protocol_version: str = fixed(fields.PROTOCOL_VERSION, default="2.00")


@message("97", since="1.00", response=RequestSCResend, read_only=True)
class RequestACSResend(Request):
    """Send the last response again. Never carries AY; carries AZ while error detection is on."""


@message("93", response=LoginResponse)
class Login(Request):
    """Log the terminal in; when used it is the first message."""

    uid_algorithm: str = fixed(fields.UID_ALGORITHM, default="0")
    pwd_algorithm: str = fixed(fields.PWD_ALGORITHM, default="0")
    login_user_id: Secret = required(fields.CN)
    login_password: Secret | None = required(fields.CO, default=None)
    location_code: str | None = optional(fields.CP, default=None)
