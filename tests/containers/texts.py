"""Texts that carry one content in an encoding."""

import base64
import binascii
import quopri
import urllib.parse


def mail(encoding, body):
    """A mail with one attachment."""
    head = (
        "From: a@example.jp\r\nTo: b@example.jp\r\nSubject: =?UTF-8?B?54K55qSc?=\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=edge=\"\r\n\r\n"
        "--=edge=\r\nContent-Type: text/plain\r\n\r\ntext\r\n--=edge=\r\n"
        f"Content-Type: application/octet-stream; name=\"canary.txt\"\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n"
        "Content-Disposition: attachment; filename=\"canary.txt\"\r\n\r\n"
    )
    return head.encode() + body + b"\r\n--=edge=--\r\n"


def uuencoded(data):
    """The encoding of news and old mail."""
    lines = [binascii.b2a_uu(data[at:at + 45]) for at in range(0, len(data), 45)]
    return b"text before\nbegin 644 canary.txt\n" + b"".join(lines) + b"`\nend\n"


def lines(data):
    """Base64 in lines."""
    return base64.encodebytes(data).replace(b"\n", b"\r\n").rstrip()


FORMATS = {
    "mail base64": lambda data, _: mail("base64", lines(data)),
    "mail quoted": lambda data, _: mail("quoted-printable", quopri.encodestring(data)),
    "mbox": lambda data, _: b"From a@example.jp Mon Jan  5 00:00:00 2026\n"
    + mail("base64", lines(data)).replace(b"\r\n", b"\n") + b"\n",
    "mhtml": lambda data, _: mail("base64", lines(data)).replace(
        b"multipart/mixed", b"multipart/related"),
    "uuencode": lambda data, _: uuencoded(data),
    "html data": lambda data, _: b"<html><body><a href=\"data:application/octet-stream;base64,"
    + base64.b64encode(data) + b"\">x</a></body></html>",
    "html percent": lambda data, _: b"<html><body><a href=\"data:text/plain,"
    + urllib.parse.quote_from_bytes(data).encode() + b"\">x</a></body></html>",
}

ENCRYPTED = {}
