"""Drives a SIP2 client that is not ours (the package Sip2 on PyPI), and prints what it heard as one JSON list.

It imports nothing of this project. The client is used at its lower level: its wrapper reads the patron flags the other
way round and will not ask for a checkout when the patron may have one.
"""

import argparse
import json
import sys
import tempfile

from Sip2.sip2 import Sip2

READS_AS = {"block_patron": "patron_status"}
"""Requests whose answers the client reads under another name."""


def client(options, log_folder):
    """The client as an integrator would set it up. Its log has passwords in it and goes into `log_folder`."""
    sip2 = Sip2()
    sip2.hostName, sip2.hostPort = options.host, options.port
    sip2.tlsEnable = options.tls
    sip2.socketTimeout = 20
    sip2.withCrc = sip2.withSeq = not options.without_error_detection
    sip2.institutionId = options.library
    sip2.scLocation = options.location
    sip2.logfile_path, sip2.loglevel = log_folder, "DEBUG"
    return sip2


def ask(sip2, step):
    """One request: `ask` is the client's name of it, `patron` and `pin` stay until they change, the rest goes along."""
    step = dict(step)
    name = step.pop("ask")
    sip2.patron = step.pop("patron", sip2.patron)
    sip2.patronpwd = step.pop("pin", sip2.patronpwd)
    dated = step.pop("dated", False)
    request = renew_all(sip2) if dated else getattr(sip2, f"sip_{name}_request")(**step)
    reads = getattr(sip2, f"sip_{READS_AS.get(name, name)}_response")
    return {"line": sip2.get_response(request), **reads(sip2.last_response)}


def renew_all(sip2):
    """65 as the client means it: its own leaves out the date, and so begins with a field where the date belongs."""
    sip2._request_new("65")
    sip2._request_addOpt_fixed(sip2._datestamp(), 18)
    for code, value in (("AO", sip2.institutionId), ("AA", sip2.patron), ("AD", sip2.patronpwd), ("BO", "N")):
        sip2._request_addOpt_var(code, value, True)
    return sip2._request_return()


def log_in(sip2, options):
    """Log in, and ask for the status."""
    answer = sip2.get_response(sip2.sip_login_request(options.username, options.password))
    return [sip2.sip_login_response(answer), ask(sip2, {"ask": "sc_status"})]


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
    parser.add_argument("--steps", required=True, type=json.loads, help="what to ask then, as a JSON list")
    return parser.parse_args()


def main():
    options = arguments()
    # The client prints what it is about, also when it goes away; stdout is for the JSON list alone.
    stdout, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as log_folder:
        sip2 = client(options, log_folder)
        sip2.connect()
        try:
            heard = log_in(sip2, options)
            heard += [ask(sip2, step) for step in options.steps]
        finally:
            sip2.disconnect()
    json.dump(heard, stdout)


if __name__ == "__main__":
    main()
