"""`sip2gw check-config`: it lists all faults of a file, or its endpoints, and listens nowhere."""

from click.testing import CliRunner

from sip2gw.demo.selfsigned import kept_pair
from sip2gw.tools.check_config import check_config


def test_a_good_file_lists_its_endpoints_and_exits_with_0(tmp_path):
    kept_pair(tmp_path / "tls")
    path = tmp_path / "sip2gw.toml"
    path.write_text(
        '[store]\npath = "kept.sqlite3"\n[[listen]]\nendpoint = "tcp:6009"\ncertificates = "tls"\n'
        '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'
        '[admin]\nendpoint = "tcp:8080:interface=127.0.0.1"\n'
    )
    result = CliRunner().invoke(check_config, [str(path)])
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"{path}: ok",
        f"  SIP2 on tcp:6009, TLS with {tmp_path / 'tls'}",
        "  SIP2 on tcp:6001:interface=127.0.0.1, plain",
        "  health on tcp:8080:interface=127.0.0.1",
        f"  store in {tmp_path / 'kept.sqlite3'}",
    ]


def test_client_certificates_and_balancers_are_shown_with_the_endpoint(tmp_path):
    kept_pair(tmp_path / "tls")
    path = tmp_path / "sip2gw.toml"
    path.write_text("""
        [[listen]]
        endpoint = "tcp:6009"
        certificates = "tls"
        client_authorities = "tls/fullchain.pem"
        proxy_from = ["10.0.0.0/28"]
    """)
    assert CliRunner().invoke(check_config, [str(path)]).stdout.splitlines()[1] == (
        f"  SIP2 on tcp:6009, TLS with {tmp_path / 'tls'}, client certificates required, "
        "from balancers in 10.0.0.0/28"
    )


def test_a_file_with_faults_lists_each_with_its_place_and_exits_with_1(tmp_path):
    path = tmp_path / "sip2gw.toml"
    path.write_text('[[listen]]\nendpoint = "tcp:6009"\n[[listen]]\nend_point = "tcp:6001"\n')
    result = CliRunner().invoke(check_config, [str(path)])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 3
    assert [line.split("; ")[0] for line in result.stderr.splitlines()] == [
        f'{path}:2: listen tcp:6009, endpoint: is "tcp:6009", where other machines could connect without TLS',
        f"{path}:3: listen[1], endpoint: is missing",
        f"{path}:4: listen[1], end_point: is an unknown key",
    ]


def test_a_missing_file_is_reported_without_a_traceback(tmp_path):
    result = CliRunner().invoke(check_config, [str(tmp_path / "missing.toml")])
    assert result.exit_code == 1
    assert "can't be read: No such file" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_smallest_file_in_the_help_is_valid(tmp_path):
    kept_pair(tmp_path)
    text = CliRunner().invoke(check_config, ["--help"]).output
    file = text[text.index("[[listen]]") : text.index("\n\nOptions")]
    path = tmp_path / "sip2gw.toml"
    path.write_text(file.replace("/etc/letsencrypt/live/sip2.example.org", str(tmp_path)))
    assert CliRunner().invoke(check_config, [str(path)]).exit_code == 0
