"""The PROXY header: read exactly, however the bytes come, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.gateway.proxy_header import LONGEST, LONGEST_V1, Header, NoHeader, address_of, read_header

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PORTS = bytes([0x90, 0x1F, 0x17, 0x79])  # 36895, 6009
IPV4 = bytes([192, 0, 2, 7, 198, 51, 100, 1]) + PORTS
IPV6 = bytes.fromhex("20010db8000000000000000000000007" + "20010db8000000000000000000000001") + PORTS
MAPPED = bytes.fromhex("00000000000000000000ffffc0000207" + "00000000000000000000ffffc6336401") + PORTS
TLVS = b"\x01\0\x06sip2/1" + b"\x04\0\0" + b"\x20\0\x05\x01\0\0\0\0"


def v2(body: bytes, *, command: int = 0x21, family: int = 0x11, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return SIGNATURE + bytes([command, family]) + size.to_bytes(2) + body


GOOD = [
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 36895 6009\r\n", ("192.0.2.7", 36895)),
    (b"PROXY TCP6 2001:DB8::0:7 2001:db8::1 1 65535\r\n", ("2001:db8::7", 1)),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 0 6009\r\n", ("192.0.2.7", 0)),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff:f...f:ffff 65535 whatever\r\n", None),
    (b"PROXY UNKNOWN " + b"x" * (LONGEST_V1 - 16) + b"\r\n", None),
    (v2(IPV4), ("192.0.2.7", 36895)),
    (v2(IPV4 + TLVS), ("192.0.2.7", 36895)),
    (v2(IPV6 + TLVS, family=0x21), ("2001:db8::7", 36895)),
    (v2(MAPPED, family=0x21), ("192.0.2.7", 36895)),
    (v2(b"", command=0x20, family=0x00), None),
    (v2(IPV4, command=0x20), None),
    (v2(b"\xff" * 7, command=0x20, family=0x77), None),
    (v2(b"", family=0x00), None),
    (v2(IPV4 + b"\x04" + (LONGEST - 31).to_bytes(2) + bytes(LONGEST - 31)), ("192.0.2.7", 36895)),
]

BAD = [
    b"\x16\x03\x01\x02\0\x01",
    b"9900302.00\r",
    b"GET / HTTP/1.1\r\n\r\n",
    b"proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n",
    b"PROXY  TCP4 192.0.2.7 198.51.100.1 1 2\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1  1 2\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 -1 2\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 \u0661 2\r\n".encode(),
    b"PROXY TCP4 192.0.2.007 198.51.100.1 1 2\r\n",
    b"PROXY TCP4 192.0.2 198.51.100.1 1 2\r\n",
    b"PROXY TCP4 kiosk.example.org 198.51.100.1 1 2\r\n",
    b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
    b"PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n",
    b"PROXY TCP6 fe80::1%eth0 2001:db8::1 1 2\r\n",
    b"PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n",
    b"PROXY TCP4\r\n",
    b"PROXY \r\n",
    b"PROXY UNKNOWNS\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n" + b" " * LONGEST_V1,
    b"PROXY UNKNOWN " + b"x" * LONGEST_V1,
    SIGNATURE[:-1] + b"x",
    v2(IPV4, command=0x11),
    v2(IPV4, command=0x22),
    v2(IPV4, family=0x12),  # datagrams
    v2(bytes(216), family=0x31),  # Unix sockets
    v2(IPV4, family=0x41),
    v2(IPV4, family=0x01),
    v2(IPV4[:-1]),
    v2(IPV4, family=0x21),
    v2(IPV4, length=LONGEST - 15),
    v2(IPV4, length=65535),
    v2(IPV4 + TLVS[:-1]),
    v2(IPV4 + b"\x04"),
]


@pytest.mark.parametrize(("header", "source"), GOOD)
@pytest.mark.parametrize("rest", [b"", b"\x16\x03\x01", b"9900302.00\r"])
def test_F24_a_header_in_pieces_is_read_like_a_whole_one(header, source, rest):
    for cut in range(len(header)):
        assert read_header(header[:cut]) is None, cut
    assert read_header(header + rest) == Header(len(header), source)


@pytest.mark.parametrize("received", BAD)
def test_F24_bytes_that_are_not_a_header_are_refused_in_any_pieces(received):
    def goes_on(cut: int) -> bool:
        try:
            return read_header(received[:cut]) is None
        except NoHeader:
            return False

    with pytest.raises(NoHeader) as raised:
        read_header(received)
    assert "192" not in str(raised.value), "nothing of the bytes is in the text"
    told = [goes_on(cut) for cut in range(len(received) + 1)]
    assert told == sorted(told, reverse=True), "once refused, it stays refused"


near = st.builds(
    lambda head, tail: head + tail,
    st.sampled_from(
        [b"", b"PROXY TCP4 ", b"PROXY TCP6 ::1 ::", b"PROXY UNKNOWN", SIGNATURE, *(good for good, _ in GOOD)]
    ),
    st.binary(max_size=600),
)
spoiled = st.builds(
    lambda header, at, byte: header[: at % len(header)] + byte + header[at % len(header) + 1 :],
    st.sampled_from([good for good, _ in GOOD]),
    st.integers(0, LONGEST),
    st.binary(min_size=1, max_size=1),
)


@given(st.binary(max_size=600) | near | spoiled)
def test_F24_any_bytes_are_a_header_or_refused_within_the_limit(received):
    try:
        header = read_header(received)
    except NoHeader:
        return
    if header is None:
        assert len(received) < LONGEST
        return
    assert header.size <= min(len(received), LONGEST)
    assert read_header(received[: header.size]) == header, "what follows does not matter"
    if header.source is not None:
        host, port = header.source
        assert str(address_of(host)) == host
        assert 0 <= port <= 65535
