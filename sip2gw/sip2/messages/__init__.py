"""All 31 messages of SIP 2.00, grouped by topic; one class each."""

from __future__ import annotations

from sip2gw.sip2.messages.fees import (
    FeePaid,
    FeePaidResponse,
)
from sip2gw.sip2.messages.holds import (
    Hold,
    HoldResponse,
)
from sip2gw.sip2.messages.items import (
    ItemInformation,
    ItemInformationResponse,
    ItemStatusUpdate,
    ItemStatusUpdateResponse,
)
from sip2gw.sip2.messages.loans import (
    Checkin,
    CheckinResponse,
    Checkout,
    CheckoutResponse,
    Renew,
    RenewAll,
    RenewAllResponse,
    RenewResponse,
)
from sip2gw.sip2.messages.patrons import (
    BlockPatron,
    EndPatronSession,
    EndSessionResponse,
    PatronEnable,
    PatronEnableResponse,
    PatronInformation,
    PatronInformationResponse,
    PatronStatusRequest,
    PatronStatusResponse,
)
from sip2gw.sip2.messages.status import (
    ACSStatus,
    Login,
    LoginResponse,
    RequestACSResend,
    RequestSCResend,
    SCStatus,
)

__all__ = [
    "ACSStatus",
    "BlockPatron",
    "Checkin",
    "CheckinResponse",
    "Checkout",
    "CheckoutResponse",
    "EndPatronSession",
    "EndSessionResponse",
    "FeePaid",
    "FeePaidResponse",
    "Hold",
    "HoldResponse",
    "ItemInformation",
    "ItemInformationResponse",
    "ItemStatusUpdate",
    "ItemStatusUpdateResponse",
    "Login",
    "LoginResponse",
    "PatronEnable",
    "PatronEnableResponse",
    "PatronInformation",
    "PatronInformationResponse",
    "PatronStatusRequest",
    "PatronStatusResponse",
    "Renew",
    "RenewAll",
    "RenewAllResponse",
    "RenewResponse",
    "RequestACSResend",
    "RequestSCResend",
    "SCStatus",
]
