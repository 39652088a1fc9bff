"""Copies: what an identifier may mean, and what is told of each."""

from __future__ import annotations

from sandbox_support import SandboxCase, library


class IdentifierTests(SandboxCase):
    """`find_copies`."""

    def found(self, identifier: str, types: str = "accession,barcode,isbn") -> list[tuple[str, str]]:
        reply = self.get(f"/copies?identifier={identifier}&types={types}")
        return [(item["matched_by"], item["accession_no"]) for item in reply.body["items"]]

    def test_accession_numbers_are_numbers(self) -> None:
        for identifier in ("1", "01", "000000000000000001"):
            assert self.found(identifier) == [("accession", "1")], identifier
        for identifier in ("0000000000000000001", "1x", "-1", "%D9%A1", "1%20", "+1"):
            assert self.found(identifier) == [], identifier

    def test_barcodes_are_exact(self) -> None:
        assert self.found("B-2") == [("barcode", "2")]
        assert self.found("b-2") == []

    def test_isbn_of_either_length_with_or_without_hyphens(self) -> None:
        both = [("isbn", "1"), ("isbn", "2")]
        for identifier in ("9780141439587", "978-0-14-143958-7", "0141439580", "0-14-143958-0"):
            assert self.found(identifier) == both, identifier
        assert self.found("9780141439588") == []

    def test_a_title_known_by_its_older_isbn_only(self) -> None:
        media = [{"title": "X", "isbn": "0-8044-2957-X", "copies": [{"accession_no": "9"}]}]
        self.open({"libraries": [library(media=media)]})
        assert self.found("9780804429573") == self.found("080442957x") == [("isbn", "9")]

    def test_every_match_in_the_order_that_was_asked_for(self) -> None:
        media = [
            {"title": "One", "copies": [{"accession_no": "77"}]},
            {"title": "Two", "copies": [{"accession_no": "77"}, {"accession_no": "5", "barcode": "77"}]},
        ]
        self.open({"libraries": [library(media=media)]})
        assert self.found("77") == [("accession", "77"), ("accession", "77"), ("barcode", "5")]
        assert self.found("77", "barcode,accession")[0] == ("barcode", "5")
        assert self.found("77", "barcode") == [("barcode", "5")]

    def test_no_parameter_means_all_types_and_an_unknown_one_is_refused(self) -> None:
        assert len(self.get("/copies?identifier=9780141439587").body["items"]) == 2
        assert len(self.get("/copies?identifier=B-2&types=barcode&types=isbn").body["items"]) == 1
        assert self.get("/copies?identifier=1&types=rfid").code == "validation_failed"
        assert self.get("/copies").code == "validation_failed"

    def test_another_library_s_copies_are_not_found(self) -> None:
        other = library(nickname="elm", media=[{"title": "E", "copies": [{"accession_no": "88"}]}])
        self.open({"libraries": [library(), other]})
        assert self.found("88") == []
        assert self.found("1") == [("accession", "1")]


class CopyTests(SandboxCase):
    """What is told of a copy."""

    def test_flags_are_those_of_copy_and_title(self) -> None:
        media = [
            {"title": "A", "active": False, "copies": [{"accession_no": "1"}]},
            {"title": "B", "circulation": False, "copies": [{"accession_no": "2"}]},
            {"title": "C", "copies": [{"accession_no": "3", "active": False}]},
        ]
        self.open({"libraries": [library(media=media)]})
        flags = [(self.copy(no)["active"], self.copy(no)["circulation"]) for no in "123"]
        assert flags == [(False, True), (True, False), (False, True)]

    def test_loan_and_queue(self) -> None:
        loan = self.issue("A1", "3")
        self.reserve("B2", "3")
        copy = self.copy("3")
        assert copy["current_booking"]["id"] == loan.body["id"]
        assert copy["current_booking"]["member"] == {"id": 1, "member_no": "A1", "name": "Ann"}
        assert copy["current_booking"]["status"] == "Issued"
        assert copy["next_reservation"]["member"]["member_no"] == "B2"
        assert copy["reservations_waiting"] == 1
        self.days(11)
        assert self.copy("3")["current_booking"]["status"] == "Overdue"

    def test_updates_need_the_policy(self) -> None:
        assert self.ask("PATCH", "/copies/1", {"condition": "worn"}).code == "not_allowed"
        self.sandbox.change_library("oak", preferences={"item_updates": True})
        assert self.ask("PATCH", "/copies/1", {"condition": "worn"}).body["condition"] == "worn"
        assert self.ask("PATCH", "/copies/1", {"properties": "tag"}).body["condition"] == "worn"
        assert self.ask("PATCH", "/copies/99", {}).code == "copy_not_found"
