"""Drives a SIP2 client that is not ours (the package Sip2 on PyPI), and prints what it heard as one JSON object.

It imports nothing of this project. The client is used at its lower level: its wrapper reads the patron flags the other
way round and will not ask for a checkout when the patron may have one.
"""

import argparse
import json
import sys
import tempfile

from Sip2.sip2 import Sip2


def client(options, log_folder):
    """The client as an integrator would set it up. Its log has passwords in it and goes into `log_folder`."""
    sip2 = Sip2()
    sip2.hostName, sip2.hostPort = options.host, options.port
    sip2.tlsEnable = options.tls
    sip2.socketTimeout = 20
    sip2.withCrc = sip2.withSeq = not options.without_error_detection
    sip2.institutionId = options.library
    sip2.scLocation = options.location
    sip2.patron, sip2.patronpwd = options.patron, options.patron_password
    sip2.logfile_path, sip2.loglevel = log_folder, "DEBUG"
    return sip2


def visit(sip2, options):
    """Log in, ask for the status, look the patron up, borrow, give back; each answer as the client understood it."""
    yield (
        "login",
        sip2.sip_login_response(
            sip2.get_response(sip2.sip_login_request(options.username, options.password))
        ),
    )
    yield "status", sip2.sip_sc_status_response(sip2.get_response(sip2.sip_sc_status_request()))
    yield "patron", sip2.sip_patron_status_response(sip2.get_response(sip2.sip_patron_status_request()))
    yield "checkout", sip2.sip_checkout_response(sip2.get_response(sip2.sip_checkout_request(options.item)))
    yield "checkin", sip2.sip_checkin_response(sip2.get_response(sip2.sip_checkin_request(options.item)))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--without-error-detection", action="store_true", help="send neither AY nor AZ")
    parser.add_argument("--library", required=True, help="AO")
    parser.add_argument("--location", default="", help="CP of the login, AP of a checkin")
    parser.add_argument("--username", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--patron", required=True)
    parser.add_argument("--patron-password", default="")
    parser.add_argument("--item", required=True)
    return parser.parse_args()


def main():
    options = arguments()
    heard = {}
    # The client prints what it is about, also when it goes away; stdout is for the JSON object alone.
    stdout, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as log_folder:
        sip2 = client(options, log_folder)
        sip2.connect()
        try:
            for step, response in visit(sip2, options):
                heard[step] = {"line": sip2.last_response, **response}
        finally:
            sip2.disconnect()
    json.dump(heard, stdout)


if __name__ == "__main__":
    main()
