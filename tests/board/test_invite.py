"""An operator invites an installer from the board; the library's staff and a page of another site can't."""

import re
from base64 import b64decode

from board.support import BoardCase
from sip2gw.connect.qr import svg


class Invite(BoardCase):
    async def test_an_operator_gets_a_link_that_is_good_and_audited(self) -> None:
        await self.browser.log_in()
        form = {"csrf": await self.browser.csrf()}
        made = await self.browser.post("/board/libraries/riverside/invite", form)
        code = made.text.partition("/connect/#")[2].partition('"')[0]
        token = await self.invitations.enter(code)
        assert token is not None
        assert await self.invitations.library(token) == "riverside"
        assert ("ann", "installer invited", "riverside", "") in await self.audited()

    async def test_the_page_has_the_qr_code_of_the_link_as_the_browser_reaches_it(self) -> None:
        await self.browser.log_in()
        form = {"csrf": await self.browser.csrf(), "origin": "https://sip2.example.org"}
        made = await self.browser.post("/board/libraries/riverside/invite", form)
        code = made.text.partition("/connect/#")[2].partition('"')[0]
        (drawn,) = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)"', made.text)
        assert b64decode(drawn) == svg(f"https://sip2.example.org/connect/#{code}")

    async def test_an_address_that_is_none_gives_a_link_without_a_qr_code(self) -> None:
        await self.browser.log_in()
        for origin in ("", "javascript:alert(1)", "https://evil.example/x"):
            form = {"csrf": await self.browser.csrf(), "origin": origin}
            made = await self.browser.post("/board/libraries/riverside/invite", form)
            assert "/connect/#" in made.text
            assert "<img" not in made.text

    async def test_a_request_without_the_form_s_token_makes_no_link(self) -> None:
        await self.browser.log_in()
        assert (await self.browser.post("/board/libraries/riverside/invite", {})).code == 403

    async def test_a_name_that_is_no_nickname_makes_no_link(self) -> None:
        await self.browser.log_in()
        form = {"csrf": await self.browser.csrf()}
        made = await self.browser.post("/board/libraries/a%20b/invite", form)
        assert "/connect/#" not in made.text
        assert [row for row in await self.audited() if row[1] == "installer invited"] == []
