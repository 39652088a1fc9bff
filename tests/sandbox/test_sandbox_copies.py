"""Copies: the meanings of an identifier, and how a copy is shown."""

from __future__ import annotations

from typing import Any

from sandbox_support import SandboxCase, library


class IdentifierTests(SandboxCase):
    """`find_copy`."""

    def found(self, identifier: str, *types: str) -> tuple[str, str, int] | None:
        reply = self.post("/copies/find", {"identifier": identifier, **({"types": types} if types else {})})
        if reply.status != 200:
            assert reply.code in ("copy_not_found", "item_ambiguous")
            return None if reply.code == "copy_not_found" else ("", "", 0)
        return reply.body["matched_by"], reply.body["accession_no"], reply.body["matches"]

    def test_accession_numbers_are_compared_as_numbers(self) -> None:
        for identifier in ("1", "01", "000000000000000001"):
            assert self.found(identifier) == ("accession", "1", 1), identifier
        for identifier in ("0000000000000000001", "1x", "-1", "\u0661", "1 ", "+1"):
            assert self.found(identifier) is None, identifier

    def test_barcodes_are_compared_exactly(self) -> None:
        assert self.found("B-2") == ("barcode", "2", 1)
        assert self.found("b-2") is None

    def test_an_isbn_is_found_with_ten_or_thirteen_digits_and_hyphens(self) -> None:
        both = ("isbn", "1", 2)
        for identifier in ("9780141439587", "978-0-14-143958-7", "0141439580", "0-14-143958-0"):
            assert self.found(identifier) == both, identifier
        assert self.found("9780141439588") is None

    def test_a_title_with_its_older_isbn_only_is_found(self) -> None:
        media = [{"title": "X", "isbn": "0-8044-2957-X", "copies": [{"accession_no": "9"}]}]
        self.open({"libraries": [library(media=media)]})
        assert self.found("9780804429573") == self.found("080442957x") == ("isbn", "9", 1)

    def test_the_first_type_that_names_any_copy_decides(self) -> None:
        media = [
            {"title": "One", "copies": [{"accession_no": "77"}]},
            {"title": "Two", "copies": [{"accession_no": "77"}, {"accession_no": "5", "barcode": "77"}]},
        ]
        self.open({"libraries": [library(media=media)]})
        assert self.found("77") == ("", "", 0), "two titles have this accession number"
        assert self.found("77", "barcode") == ("barcode", "5", 1)

    def test_no_types_means_all_types_and_an_unknown_one_is_refused(self) -> None:
        assert self.found("B-2", "barcode", "isbn") == ("barcode", "2", 1)
        for types in ([], ["rfid"], "isbn"):
            assert self.post("/copies/find", {"identifier": "1", "types": types}).code == "validation_failed"
        for body in ({}, {"identifier": ""}):
            assert self.post("/copies/find", body).code == "validation_failed"

    def test_a_title_is_shown_by_its_best_copy(self) -> None:
        self.issue("A1", "1")
        found = self.post("/copies/find", {"identifier": "9780141439587"}).body
        assert (found["accession_no"], found["matches"], found["available"]) == ("2", 2, 1)

    def test_another_library_s_copies_are_not_found(self) -> None:
        other = library(nickname="elm", media=[{"title": "E", "copies": [{"accession_no": "88"}]}])
        self.open({"libraries": [library(), other]})
        assert self.found("88") is None
        assert self.found("1") == ("accession", "1", 1)


class CopyTests(SandboxCase):
    """What is told of a copy."""

    def test_the_flags_of_a_copy_are_those_of_copy_and_title(self) -> None:
        media = [
            {"title": "A", "active": False, "copies": [{"accession_no": "1"}]},
            {"title": "B", "circulation": False, "copies": [{"accession_no": "2"}]},
            {"title": "C", "copies": [{"accession_no": "3", "active": False}]},
        ]
        self.open({"libraries": [library(media=media)]})
        flags = [(self.copy(no)["active"], self.copy(no)["circulation"]) for no in "123"]
        assert flags == [(False, True), (True, False), (False, True)]

    def test_a_copy_is_shown_with_its_loan_and_queue(self) -> None:
        loan = self.issue("A1", "3")
        self.reserve("B2", "3")
        copy = self.copy("3")
        assert copy["current_booking"]["id"] == loan.body["id"]
        assert copy["current_booking"]["member"]["member_no"] == "A1"
        assert copy["current_booking"]["status"] == "Issued"
        assert copy["next_reservation"]["member"]["member_no"] == "B2"
        assert copy["reservations_waiting"] == 1
        self.days(11)
        assert self.copy("3")["current_booking"]["status"] == "Overdue"

    def test_an_update_of_a_copy_needs_the_policy(self) -> None:
        def update(identifier: str = "1", **said: str) -> Any:
            reply = self.post("/copies/update", {"identifier": identifier, **said})
            return reply.body["condition"] if reply.status == 200 else reply.code

        assert update(condition="worn") == "not_allowed"
        self.sandbox.change_library("oak", preferences={"item_updates": True})
        assert update(condition="worn") == "worn"
        assert update(properties="tag") == "worn"
        assert update("99") == "copy_not_found"
        assert update("9780141439587", condition="new") == "item_ambiguous"
