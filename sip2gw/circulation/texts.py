"""Every text that a person reads at a terminal, in English, by its id.

Anyone at the terminal may read a text. The ids of refusals are the codes of the Librarika contract, or the gateway's
own.
"""

from __future__ import annotations

REFUSALS = {
    # failures, and requests that are refused at once
    "not_available": "The library's system can't be reached. Please try again, or ask a member of staff.",
    "too_many_tries": "Too many passwords were tried. Please wait a minute and try again, or ask a member of staff.",
    "in_doubt": "It is not certain whether this was recorded. Please see a member of staff before you go on.",
    "not_offered": "This is not offered here. Please ask a member of staff.",
    "not_allowed": "This is not offered here. Please ask a member of staff.",
    "refused": "This can't be done here. Please ask a member of staff.",
    "not_logged_in": "This terminal is not logged in. Please ask a member of staff.",
    "other_library": "This terminal belongs to another library. Please ask a member of staff.",
    "other_account": "This terminal belongs to another library. Please ask a member of staff.",
    "two_libraries": "The terminal's request could not be read. Please ask a member of staff.",
    "unreadable": "The terminal's request could not be read. Please ask a member of staff.",
    "fault": "Something went wrong here. Please try again, or ask a member of staff.",
    # patrons
    "member_not_found": "This card is not known here. Please check the number, or ask a member of staff.",
    "password_wrong": "The password is not right. Please try again, or ask a member of staff.",
    "member_inactive": "This membership is not active. Please ask a member of staff.",
    "member_suspended": "Borrowing is suspended because of unpaid fees. Please pay at the desk.",
    "member_type_not_allowed": "This membership can't borrow at self-service. Please go to the desk.",
    "self_service_disabled": "Self-service borrowing is switched off. Please go to the desk.",
    # items
    "copy_not_found": "This item is not known here. Please ask a member of staff.",
    "item_ambiguous": "More than one item has this number. Please take it to the desk.",
    "isbn_checkin_ambiguous": "More than one copy is on loan. Please scan the library's own label.",
    "copy_inactive": "This item is not for loan at present. Please ask a member of staff.",
    "circulation_disabled": "This item may only be used in the library. Please ask a member of staff.",
    "copy_not_available": "This item is on loan to somebody else. Please take it to the desk.",  # codespell:ignore
    # loans
    "reserved_for_other": "This item is reserved for another reader. Please take it to the desk.",
    "quota_exceeded": "The limit of items on loan is reached. Please return something first.",
    "quota_exceeded_limit": "The limit of {limit} items on loan is reached. Please return something first.",
    "already_on_loan": "This item is already on loan to you. Please renew it if you need it longer.",
    "already_booked_by_member": "This item is already on loan to you. Please renew it if you need it longer.",
    "dates_not_available": "This date is not possible. Please choose another one, or ask a member of staff.",
    "fee_required": "This costs {amount}. Please confirm to go on.",
    "cannot_revert": "There is nothing to undo. Please ask a member of staff.",
    "offline_not_allowed": "This terminal may not report loans afterwards. Please ask a member of staff.",
    # returns
    "checkin_not_allowed": "Returns are not taken here. Please go to the desk.",
    "overdue_checkin_not_allowed": "Overdue items are not taken back here. Please go to the desk.",
    "not_on_loan": "This item is not on loan. Please ask a member of staff.",
    "reserved": "Reserved for {patron}. Please hand this item to a member of staff.",
    "reserved_at": "Reserved for {patron}, to be collected at {branch}. Please hand this item to a member of staff.",
    "send_to_branch": "This item belongs to {branch}. Please hand it to a member of staff.",
    # renewals
    "not_renewable": "This loan can't be renewed again. Please return the item, or ask a member of staff.",
    "on_loan_to_other": "This item is not on loan to you. Please ask a member of staff.",
    "not_tried": "There was no time for this one. Please renew it by itself.",
    # holds
    "requests_disabled": "Items can't be reserved here. Please ask a member of staff.",
    "already_reserved": "You have reserved this already. There is nothing more to do.",
    "already_booked": "This item is already on loan to you. Please renew it if you need it longer.",
    "unknown_branch": "There is no such branch. Please choose another.",
    "hold_not_found": "You have no such reservation. Please ask a member of staff.",
    "not_changeable": "This reservation can't be changed any more. Please ask a member of staff.",
    "not_cancellable": "This reservation can't be cancelled any more. Please ask a member of staff.",
    "no_card_named": "No card number has arrived. Please scan the card again, or ask a member of staff.",
    "nothing_named": "No item or title was named. Please scan the item.",
    # fees
    "payment_too_large": "This is more than is owed. Please pay at the desk.",
    "payment_differs": "Another amount was paid under this number. Please pay at the desk.",
    "currency_mismatch": "This currency is not taken here. Please pay at the desk.",
    "fees_disabled": "Fees are not paid here. Please ask a member of staff.",
    "fee_not_found": "This fee is not open. Please ask a member of staff.",
    "amount_unreadable": "The amount could not be read. Please pay at the desk.",
}
"""Texts after which a person has to do something. Each says what."""

NEWS = {
    "expected_back": "It is expected back on {day}.",
    "copies_available": "{available} of {copies} available.",
    "was_not_on_loan": "This item was not on loan.",
    "renewed": "Renewed.",
    "hold_placed": "Reserved.",
    "hold_cancelled": "The reservation is cancelled.",
    "hold_changed": "The reservation is changed.",
    "paid": "Paid: {amount}. Still owed: {balance}.",
}
"""Texts that say what has happened or how things are."""

LABELS = {
    # kinds of fees (AV)
    "fee_other": "Fee",
    "fee_administrative": "Administrative fee",
    "fee_damage": "Damage",
    "fee_overdue": "Overdue",
    "fee_loan": "Loan fee",
    "fee_replacement": "Replacement",
    "fee_hold": "Reservation",
    # receipts
    "receipt_loan": "Borrowed",
    "receipt_return": "Returned",
    "receipt_payment": "Paid",
    "receipt_item": "Item: {item}",
    "receipt_due": "Due back: {day}",
    "receipt_patron": "Card: {patron}",
    "receipt_amount": "Amount: {amount}",
    "receipt_balance": "Still owed: {amount}",
    "receipt_credit": "In credit: {amount}",
    "receipt_number": "Receipt number: {number}",
}
"""Parts of lists and receipts."""

TEXTS = {**REFUSALS, **NEWS, **LABELS}
"""All texts."""

COUNTED = {
    "copies_available": ("available", "{available} of {copies} available."),
    "quota_exceeded_limit": (
        "limit",
        "The limit of {limit} item on loan is reached. Please return something first.",
    ),
}
"""Texts that change with a number: the name of the number, and the text for one."""
