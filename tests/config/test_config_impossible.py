"""What has the right type and yet can never work is a fault, with a fix that fits."""

import pytest

BEFORE = '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'
RIVERSIDE = '[[libraries]]\nnickname = "riverside"\n'


@pytest.fixture
def fault(faults):
    """The one fault of a text: its place, and what is wrong and the fix."""

    def fault(text: str) -> tuple[str, str]:
        (found,) = faults(text).items()
        return found

    return fault


@pytest.mark.parametrize(
    ("rename", "said"),
    [
        ('AE = "AA"', "has AE = AA, but 24 has a field AA beside AE"),
        ('AE = "AE"', "which changes nothing"),
        ('AE = "ZA", AJ = "ZA"', "has both AE and AJ = ZA"),
        ('AD = "ZA"', "has AD, which no answer has"),
        ('ZZ = "ZA"', "has ZZ, which no answer has"),
        ('BD = "ZA"', 'has BD, which is hidden; leave it out, or write show = ["BD"]'),
        ('CT = "ZA"', "only sent with destination"),
        ('AH = "AF"', "has a field AF beside AH"),
        ('AJ = "AY"', "both are codes of fields"),
    ],
)
def test_K21_a_rename_that_can_not_hold_is_a_fault(fault, rename, said):
    place, text = fault(f"[profiles.odd]\nrename = {{ {rename} }}")
    assert place == "profiles.odd.rename"
    assert said in text
    place, text = fault(RIVERSIDE + f'terminals = [{{ location = "Hall", rename = {{ {rename} }} }}]')
    assert (place, said in text) == ("libraries[0].terminals[0].rename", True)


def test_K21_a_delimiter_that_an_inherited_text_has_is_a_fault(fault):
    place, said = fault('[profiles.a]\nname_template = "^{name}"\n[profiles.b]\nlike = "a"\ndelimiter = "^"')
    assert (place, "is used in name_template" in said) == ("profiles.b.delimiter", True)


def test_K21_two_profiles_whose_renames_collide_are_a_fault(fault):
    place, _ = fault('[profiles.a]\nrename = { AE = "ZA" }\n[profiles.b]\nlike = "a"\nrename = { AJ = "ZA" }')
    assert place == "profiles.b.rename"


@pytest.mark.parametrize(
    "knobs",
    ['rename = { AQ = "CT" }', 'rename = { AP = "AQ", AQ = "AP" }', 'rename = { AE = "DB" }',
     'show = ["BD"]\nrename = { BD = "ZA" }', 'hide = ["AQ"]\nrename = { AP = "AQ" }'],
)  # fmt: skip
def test_K21_a_rename_onto_a_code_that_is_free_is_taken(read, knobs):
    assert read(f"[profiles.odd]\n{knobs}")


@pytest.mark.parametrize(
    ("knobs", "knob", "said"),
    [
        ("alert_type_on_success = true", "alert_type_on_success", "add alert_type = true"),
        ("destination_always = true", "destination_always", "add destination = true"),
        ('messages = ["17"]\nitem_updates = true', "item_updates", "add 19 to messages"),
        ('like = "gate"\nsort_bin = true', "sort_bin", "add 09 to messages"),
        ('messages = ["09"]\npatron_updates = true', "patron_updates", "add 01 or 25 to messages"),
        ("alert_type = true\nalerts = []", "alert_type", "alerts is empty"),
        ('hide = ["AG"]\nreceipts = true', "receipts", "take AG out of hide"),
        ('hide = ["CR", "CS"]\ncall_number = true', "call_number", "take CR and CS out of hide"),
        ('like = "gate"\nrenew_by_checkout = true', "renew_by_checkout", "add 11 to messages"),
        ('receipts = false\nshow = ["AG"]', "show", "add receipts = true"),
        ('show = ["10.CT"]', "show", "add destination = true"),
        ('name_template = "{name}|{patron_id}"', "name_template", "with |, the delimiter"),
        ('delimiter = "^"\nfee_template = "{title}^{amount}"', "fee_template", "with ^, the delimiter"),
        ('strip_prefix = "A|"', "strip_prefix", "write it without that sign"),
        ('institution_id = "a|b"', "institution_id", "write it without that sign"),
        ("messages = []", "messages", "is empty"),
        ('messages = ["97", "99"]', "messages", "always allowed"),
        ('delimiter = "."', "delimiter", "dates contain"),
        ('delimiter = "-"', "delimiter", "dates contain"),
        ('charset = "raw_unicode_escape"', "charset", 'write "utf-8"'),
        ('hide = ["64.AJ"]', "hide", "64 never has AJ"),
        ('show = ["10.BD"]', "show", "10 never has BD"),
        ('hide = ["AD"]', "hide", "no answer has AD"),
    ],
)
def test_K21_knobs_that_contradict_each_other_are_a_fault(fault, knobs, knob, said):
    place, text = fault(f"[profiles.odd]\n{knobs}")
    assert place == f"profiles.odd.{knob}"
    assert said in text


@pytest.mark.parametrize("name", ["", " x", "x\\n"])
def test_K21_a_profile_that_nothing_can_name_is_a_fault(fault, name):
    assert "not a valid name" in fault(f'[profiles."{name}"]\nwhy = ""')[1]


@pytest.mark.parametrize(
    ("rules", "key", "said"),
    [
        ('call_numbers = ["599", "500"]\nbin = "1"', "call_numbers", 'write ["500", "599"]'),
        ('call_numbers = ["QA 123", "QA 76.9"]\nbin = "1"', "call_numbers", 'write ["QA 76.9", "QA 123"]'),
        ('call_numbers = ["--", "599"]\nbin = "1"', "call_numbers", "the first and the last"),
        ('bin = "1|2"', "bin", "with |, the delimiter of the profile generic-kiosk"),
        ('bin = "1\\r"', "bin", "write for example"),
        ('bin = "1\\n2"', "bin", "write for example"),
        ('unknown = true\nmedium = "book"\nbin = "1"', "unknown", "take out medium"),
        ('unknown = true\nhold = true\nbin = "1"', "unknown", "take out hold"),
        ("bin = 1", "bin", 'write "1"'),
    ],
)
def test_K21_a_bin_rule_that_can_never_hold_is_a_fault(fault, rules, key, said):
    place, text = fault(RIVERSIDE + "[[libraries.bins]]\n" + rules)
    assert place == f"libraries[0].bins[0].{key}"
    assert said in text


@pytest.mark.parametrize("numbers", ['["599", "599.5"]', '["599.5", "599"]', '["500", "500"]', '["A", "B"]'])
def test_K21_a_range_that_holds_some_call_number_is_taken(read, numbers):
    assert read(RIVERSIDE + f'bins = [{{ call_numbers = {numbers}, bin = "1" }}]')


def test_K21_a_bin_is_checked_with_the_profiles_that_send_it(fault, read):
    sorter = '[profiles.s]\nlike = "sorter-cl"\ncharset = "ascii"\ndelimiter = "^"\n' + RIVERSIDE
    told = 'terminals = [{{ location = "Hall", profile = "s" }}]\nbins = [{{ bin = "{}" }}]'
    assert read(sorter + told.format("1|2"))
    assert "of the profile s" in fault(sorter + told.format("1^2"))[1]
    assert "ascii of the profile s has no é" in fault(sorter + told.format("caf\u00e9"))[1]
    assert "max_length" in fault(sorter + told.format("x" * 300))[1]


def test_K21_a_rule_behind_one_that_takes_as_much_is_a_fault(fault, read):
    rules = '[[libraries.bins]]\nbranch = "Main"\nbin = "1"\n'
    rules += '[[libraries.bins]]\nbranch = "main"\nhold = true\nbin = "2"'
    place, text = fault(RIVERSIDE + rules)
    assert (place, "line 5" in text) == ("libraries[0].bins[1]", True)
    assert read(RIVERSIDE + rules.replace('"main"', '"North"'))


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (
            RIVERSIDE + 'terminals = [{ location = "Hall|2" }]',
            "libraries[0].terminals[0].location",
            "delimiter",
        ),
        (RIVERSIDE + 'terminals = [{ account = "a|b" }]', "libraries[0].terminals[0].account", "delimiter"),
        (RIVERSIDE + 'texts = { renewed = "a\\nb" }', "libraries[0].texts", "control character"),
        (RIVERSIDE + 'texts = { renewed = "a|b" }', "libraries[0].texts.renewed", "delimiter"),
        ('[[libraries]]\nnickname = "Riverside.librarika.com"', "libraries[0].nickname", 'write "riverside"'),
        (
            '[[libraries]]\nnickname = "https://riverside.librarika.com/x"',
            "libraries[0].nickname",
            'write "riverside"',
        ),
    ],
)
def test_K21_contradicting_settings_of_a_library_are_a_fault(fault, text, place, said):
    found, told = fault(text)
    assert found == place
    assert said in told


def test_K21_a_name_in_a_script_that_joins_letters_is_taken(read):
    assert read(RIVERSIDE + 'terminals = [{ location = "x", branch = "\u09b0\u200d\u09cd\u09af" }]')


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("[librarika]\ncalls = 8\ncalls_per_library = 9", "librarika.calls_per_library", "write at most 8"),
        ("[limits]\nstrangers = 8\nconnections = 7", "limits.strangers", "but limits.connections is 7"),
        (
            "[limits]\nstrangers_per_address = 8\nconnections_per_address = 7",
            "limits.strangers_per_address",
            "connections_per_address",
        ),
        ("[limits]\nstrangers = 4\nstrangers_per_address = 5", "limits.strangers_per_address", "at most 4"),
        (
            "[limits]\nconnections = 9\nconnections_per_library = 10",
            "limits.connections_per_library",
            "at most 9",
        ),
        ("[limits]\ndrain_spread = 31", "limits.drain_spread", "raise drain_deadline"),
        ("[limits]\nlogin_floor = 16", "limits.login_floor", "but limits.login_deadline is 15"),
        ("[limits]\nmemory = 8", "limits.memory", "at least 64"),
        ("[limits]\nkeepalive = 0", "limits.keepalive", "from 1 to"),
        ("[limits]\nkeepalive = '20'", "limits.keepalive", "write 20, without quotes"),
        ('[limits]\nlibraries = "x"', "limits.libraries", "above the first table"),
    ],
)
def test_K21_limits_that_contradict_each_other_are_a_fault(fault, text, place, said):
    found, told = fault(text)
    assert found == place
    assert said in told


def test_K21_a_limit_that_is_lowered_alone_is_taken(read):
    assert read("[limits]\nstrangers_per_address = 1000")
    assert read("[limits]\nconnections = 7\n[librarika]\ncalls = 4")


def listen(*lines: str) -> str:
    return "[[listen]]\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tcp:6001", "tcp:6001:interface=127.0.0.1"),
        ("tcp:6001:interface=127.0.0.1", "tcp:port=6001:interface=localhost"),
        ("tcp:6001:interface=127.0.0.1", "tcp6:6001"),
        ("tcp6:6001", "tcp6:6001:interface=\\\\:\\\\:1"),
        ("unix:/run/x/../y.sock", "unix:/run/y.sock"),
    ],
)
def test_K21_endpoints_that_overlap_are_a_fault(fault, one, other):
    text = "".join(listen(f'endpoint = "{each}"', "insecure = true") for each in (one, other))
    place, told = fault(text)
    assert (place, "line 2" in told) == ("listen[1].endpoint", True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tcp:6001:interface=127.0.0.1", "tcp:6001:interface=127.0.0.2"),
        ("tcp:6001:interface=127.0.0.1", "tcp6:6001:interface=\\\\:\\\\:1"),
        ("tcp:0", "tcp:0"),
        ("tcp:6001:interface=127.0.0.1", "tcp:6001:interface=\\\\:\\\\:1"),
        ("systemd:domain=INET:index=0", "systemd:domain=INET:index=1"),
    ],
)
def test_K21_endpoints_beside_each_other_are_taken(read, one, other):
    assert read("".join(listen(f'endpoint = "{each}"', "insecure = true") for each in (one, other)))


@pytest.mark.parametrize(
    ("lines", "key", "said"),
    [
        (
            ('endpoint = "tcp:6001:interface=300.1.1.1"', "insecure = true"),
            "endpoint",
            "not an address of IP",
        ),
        (('endpoint = "tcp6:6001:interface=127.0.0.1"',), "endpoint", "not an address of IPv6"),
        (("endpoint = 6009",), "endpoint", 'write "tcp:6009"'),
        (('endpoint = "unix:/run/x"', 'proxy_from = ["10.0.0.0/8"]'), "proxy_from", "admits no client"),
        (('endpoint = "unix:/run/x"', 'proxy_from = "10.0.0.0/8"'), "proxy_from", 'write ["10.0.0.0/8"]'),
        (('endpoint = "unix:/run/x"', 'proxy_from = ["10.1.0.0/8"]'), "proxy_from", 'write "10.0.0.0/8"'),
        (
            ('endpoint = "unix:/run/x"', 'proxy_from = ["10.0.0.0/8", "10.1.2.3"]'),
            "proxy_from",
            "which overlap",
        ),
    ],
)
def test_K21_a_listener_that_no_client_can_reach_is_a_fault(fault, lines, key, said):
    place, told = fault(listen(*lines))
    assert place == f"listen[0].{key}"
    assert said in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('messages = ["9"]', 'did you mean "09"?'),
        ("messages = [9, 17]", 'write it like ["09", "17"]'),
        ('messages = "17"', 'write it like ["17"]'),
        ('messages = ["94"]', 'did you mean "93"?'),
        ('identifiers = "barcode"', 'write it like ["barcode"]'),
        ("charset = 850", 'did you mean "cp850"?'),
        ('charset = "utf8x"', 'did you mean "utf-8"?'),
        ('terminator = "\\r\\n"', 'did you mean "crlf"?'),
        ('error_detection = "Always"', 'did you mean "always"?'),
        ('offline = "yes"', "write true, without quotes"),
        ("offline = 0", "write false, without quotes"),
        ('max_length = "60"', "write 60, without quotes"),
        ("max_length = 60.0", "write 60, without quotes"),
        ("branch = 7", 'write "7", in quotes'),
    ],
)
def test_K21_the_fix_is_what_was_meant(fault, text, said):
    assert said in fault("[profiles.odd]\n" + text)[1]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (['call_numbers = ["500", "599"]', 'call_numbers = ["510", "520"]'], "put this one before that"),
        (['call_numbers = ["A", "Z"]', 'call_numbers = ["QA 76", "QA 76.9"]\nhold = true'], "before that"),
        (['branch = "Main"', 'branch = " MAIN "'], "leave out one of the two"),
        (["", 'medium = "disc"'], "takes everything; put that one last"),
        (["hold = false", "hold = true", ""], "the rules up to the one in line "),
        (['hold = true\ntransit = true', "hold = true\ntransit = false", "hold = true"], "before them"),
        (["unknown = false", 'medium = "book"'], "the rules up to the one in line "),
        (["alert = true", "unknown = true", "alert = false", 'branch = "Main"'], "before them"),
    ],
)  # fmt: skip
def test_K21_a_bin_that_earlier_rules_leave_nothing_to_is_a_fault(fault, rules, said):
    place, text = fault(RIVERSIDE + "".join(f'[[libraries.bins]]\nbin = "1"\n{rule}\n' for rule in rules))
    assert place == f"libraries[0].bins[{len(rules) - 1}]"
    assert said in text


@pytest.mark.parametrize(
    "rules",
    [
        ['call_numbers = ["510", "520"]', 'call_numbers = ["500", "599"]'],
        ['call_numbers = ["500", "FIC"]', 'call_numbers = ["510", "F"]'],
        ["hold = false\ntransit = true", "hold = true", ""],
        ["unknown = true", 'medium = "book"'],
        ['medium = "book"', "unknown = false"],
    ],
)
def test_K21_a_bin_that_earlier_rules_leave_something_to_is_taken(read, rules):
    read(RIVERSIDE + "".join(f'[[libraries.bins]]\nbin = "1"\n{rule}\n' for rule in rules))


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ('[[library]]\nnickname = "riverside"', "did you mean libraries?"),
        ("[limits]\nIdle-Deadline = 5", "did you mean idle_deadline?"),
        (RIVERSIDE + '[[terminals]]\nlocation = "Hall"', "write libraries.terminals in the brackets"),
        (RIVERSIDE + '[[bins]]\nbin = "1"', "write libraries.bins in the brackets"),
        (RIVERSIDE + '[libraries.texts.bn]\nrenewed_ = "Hi"', "did you mean renewed.bn?"),
        (RIVERSIDE + '[libraries.texts.bn]\nrenewed = "Hi"', "did you mean renewed.bn?"),
        ("[[libraries]]\nnickname = \u201criverside\u201d", 'write the quotes straight: "'),
        (BEFORE + 'endpoint = "tcp:6002"', "name each key once in a table"),
        ('[[listen]]\nendpoint = "tcp:6001:interface=::1"', '"tcp:6001:interface=\\\\:\\\\:1"'),
        ('[[listen]]\nendpoint = "tcp:6001:interface=[2001:db8::1]"', r"=2001\\:db8\\:\\:1"),
    ],
)
def test_K21_the_fix_of_a_slip_is_what_was_meant(fault, text, fix):
    assert fix in fault(text)[1]


ADMIN = '[admin]\nendpoint = "tcp:8080:interface=127.0.0.1"\n'


def test_proxy_users_without_the_board_are_a_fault(fault):
    place, text = fault(ADMIN + 'proxy_users = ["127.0.0.1"]')
    assert (place, "means nothing without the board" in text) == ("admin.proxy_users", True)


def test_the_board_and_its_proxies_are_read(read):
    assert not read(ADMIN).admin.board
    admin = read(ADMIN + 'board = true\nproxy_users = ["127.0.0.1", "10.0.0.0/8"]').admin
    assert (admin.board, [str(one) for one in admin.proxy_users]) == (True, ["127.0.0.1/32", "10.0.0.0/8"])
