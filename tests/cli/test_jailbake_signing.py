"""Signatures of enclave images: made here, checked by openssl and a CBOR
reader of the tests' own; made there, taken or refused here."""

import json
import os

import pytest

import eif
from bakery import Bakery, jailbake
from conftest import shared_once

CURVES = list(eif.ALGORITHMS)


def make_keys(place):
    place.mkdir()
    for curve in CURVES:
        eif.make_key(place, curve)
    eif.make_key(place, "P-384", "other")
    key = place / "P-384.key"
    eif.make_certificate_of(place, key, "expired", "20200101000000Z",
                            "20200201000000Z")
    eif.make_certificate_of(place, key, "future", "20700101000000Z",
                            "20800101000000Z")
    eif.openssl("genrsa", "-out", place / "rsa.key", 2048)
    eif.openssl("req", "-new", "-x509", "-key", place / "rsa.key", "-out",
                place / "rsa.pem", "-subj", "/CN=x")
    eif.openssl("ecparam", "-name", "secp256k1", "-genkey", "-noout", "-out",
                place / "k1.key")
    eif.openssl("req", "-new", "-x509", "-key", place / "k1.key", "-out",
                place / "k1.pem", "-subj", "/CN=x")
    eif.openssl("pkey", "-in", key, "-aes128", "-passout", "pass:x", "-out",
                place / "secret.key")


@pytest.fixture(scope="session")
def keys():
    return shared_once("jailbake-keys", make_keys)


@pytest.fixture
def bakery(scratch):
    return Bakery(scratch)


def sign_options(keys, curve="P-384"):
    return "--sign", keys / f"{curve}.key", "--cert", keys / f"{curve}.pem"


def check_signature(image, cert, curve, scratch):
    """All of the section, by openssl."""
    algorithm, size, digest = eif.ALGORITHMS[curve]
    (outer,) = eif.cbor(image.one(eif.SIGNATURE))
    assert list(outer) == ["signing_certificate", "signature"]
    assert bytes(outer["signing_certificate"]) == cert.read_bytes()
    head, unprotected, payload, raw = eif.cbor(bytes(outer["signature"]))
    assert eif.cbor(head) == {1: algorithm} and unprotected == {}
    said = eif.cbor(payload)
    assert list(said) == ["register_index", "register_value"]
    assert said["register_index"] == 0
    assert bytes(said["register_value"]).hex() == image.pcrs["PCR0"]
    assert len(raw) == 2 * size
    # the whole of it, byte by byte, but for the signature itself
    assert image.one(eif.SIGNATURE) == eif.signature_section(
        cert.read_bytes(), curve, image.pcrs["PCR0"], raw)
    (scratch / "tbs").write_bytes(eif.to_be_signed(curve, image.pcrs["PCR0"]))
    (scratch / "sig").write_bytes(eif.der_signature(raw))
    key = eif.openssl("x509", "-in", cert, "-pubkey", "-noout")
    (scratch / "pub").write_bytes(key)
    eif.openssl("dgst", f"-{digest}", "-verify", scratch / "pub",
                "-signature", scratch / "sig", scratch / "tbs")


def pcr8(cert):
    return eif.pcr(eif.openssl("x509", "-in", cert, "-outform", "DER"))


@pytest.mark.parametrize("curve", CURVES)
def test_a_signed_image(bakery, keys, curve, scratch):
    unsigned = bakery.baked()
    done = bakery.bake(*sign_options(keys, curve))
    assert done.status == 0, done
    image = eif.Eif(bakery.out.read_bytes())
    assert image.sections[:-1] == unsigned.sections
    cert = keys / f"{curve}.pem"
    check_signature(image, cert, curve, scratch)
    assert json.loads(done.out)["Measurements"]["PCR8"] == pcr8(cert)
    assert jailbake("verify", bakery.out).status == 0
    told = json.loads(jailbake("show", bakery.out).out)
    assert told["IsSigned"] is told["SignatureCheck"] is True
    assert told["Measurements"]["PCR8"] == pcr8(cert)
    assert json.loads(jailbake("pcr", "--cert", cert).out) == {
        "PCR8": pcr8(cert)}


def test_show_tells_of_the_certificate(bakery, keys):
    bakery.baked(*sign_options(keys))
    told = json.loads(jailbake("show", bakery.out).out)
    assert list(told) == ["EifVersion", "Measurements", "IsSigned",
                          "SigningCertificate", "CheckCRC", "SignatureCheck",
                          "ImageName", "ImageVersion", "Metadata"]
    cert = told["SigningCertificate"]
    assert list(cert) == ["IssuerName", "Algorithm", "NotBefore", "NotAfter",
                          "Signature"]
    assert cert["IssuerName"] == {"commonName": "enclave", "countryName": "US",
                                  "organizationName": "Test"}
    assert cert["Algorithm"] == "ecdsa-with-SHA256"
    start, end = eif.openssl("x509", "-in", keys / "P-384.pem", "-startdate",
                             "-enddate", "-noout").decode().splitlines()
    assert start == f"notBefore={cert['NotBefore']}"
    assert end == f"notAfter={cert['NotAfter']}"
    assert cert["Signature"].startswith("30:6")


def test_signing_anew_in_place_and_elsewhere(bakery, keys, scratch):
    bakery.baked(*sign_options(keys, "P-256"))
    before = bakery.out.read_bytes()
    other = scratch / "other.eif"
    done = jailbake("sign", "--key", keys / "P-521.key", "--cert",
                    keys / "P-521.pem", "-o", other, bakery.out)
    assert done.status == 0, done
    assert bakery.out.read_bytes() == before
    check_signature(eif.Eif(other.read_bytes()), keys / "P-521.pem", "P-521",
                    scratch)
    done = jailbake("sign", "-k", keys / "P-384.key", "-c",
                    keys / "P-384.pem", bakery.out)
    assert done.status == 0, done
    image = eif.Eif(bakery.out.read_bytes())
    check_signature(image, keys / "P-384.pem", "P-384", scratch)
    assert image.sections[:-1] == eif.Eif(before).sections[:-1]


def test_a_damaged_image_is_not_signed(bakery, keys):
    bakery.baked()
    data = bytearray(bakery.out.read_bytes())
    data[-600] ^= 1
    bakery.out.write_bytes(data)
    done = jailbake("sign", "-k", keys / "P-384.key", "-c",
                    keys / "P-384.pem", bakery.out)
    assert (done.status, done.err) == (
        4, f"jailbake: {bakery.out}: its checksum is wrong: it is damaged; "
           "bake it again\n")
    assert bakery.out.read_bytes() == bytes(data)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("form", ["der", "raw"])
def test_signing_elsewhere(bakery, keys, scratch, curve, form):
    bakery.baked()
    cert, key = keys / f"{curve}.pem", keys / f"{curve}.key"
    _, size, digest = eif.ALGORITHMS[curve]
    tbs = scratch / "tbs"
    done = jailbake("payload", "--cert", cert, "-o", tbs, bakery.out)
    told = json.loads(done.out)
    image = eif.Eif(bakery.out.read_bytes())
    assert tbs.read_bytes() == eif.to_be_signed(curve, image.pcrs["PCR0"])
    assert bytes.fromhex(told["ToBeSigned"]) == tbs.read_bytes()
    assert told["DigestAlgorithm"] == digest
    assert told["Algorithm"] == {"P-256": "ES256", "P-384": "ES384",
                                 "P-521": "ES512"}[curve]
    assert told["Digest"] == eif.openssl(
        "dgst", f"-{digest}", "-r", tbs).decode().split()[0]
    signature = eif.openssl("dgst", f"-{digest}", "-sign", key, tbs)
    if form == "raw":
        signature = eif.raw_signature(signature, size)
    (scratch / "sig").write_bytes(signature)
    done = jailbake("attach", "--cert", cert, "--signature", scratch / "sig",
                    bakery.out)
    assert done.status == 0, done
    check_signature(eif.Eif(bakery.out.read_bytes()), cert, curve, scratch)
    assert jailbake("verify", bakery.out).status == 0


def test_a_signature_of_something_else_is_not_attached(bakery, keys, scratch):
    bakery.baked()
    before = bakery.out.read_bytes()
    (scratch / "sig").write_bytes(eif.openssl(
        "dgst", "-sha384", "-sign", keys / "P-384.key", bakery.image))
    attach = ["attach", "--cert", keys / "P-384.pem", "--signature",
              scratch / "sig", bakery.out]
    assert jailbake(*attach).err == (
        f"jailbake: {scratch}/sig: not the signature of this image by the "
        "certificate's key (jailbake payload tells what is to be signed)\n")
    (scratch / "sig").write_bytes(b"nonsense")
    assert jailbake(*attach).err == (
        f"jailbake: {scratch}/sig: no signature of P-384: 96 bytes (r and s) "
        "or DER\n")
    (scratch / "sig").write_bytes(bytes(96))
    assert jailbake(*attach).status == 4
    assert bakery.out.read_bytes() == before


def test_no_input_is_replaced(bakery, keys, scratch):
    bakery.baked()
    cert, key, sig = (scratch / name for name in ("cert", "key", "sig"))
    cert.write_bytes((keys / "P-384.pem").read_bytes())
    key.write_bytes((keys / "P-384.key").read_bytes())
    sig.write_bytes(bytes(96))
    for verb, inputs, more in (
            ("sign", (cert, key), ("--key", key)),
            ("attach", (cert, sig), ("--signature", sig)),
            ("payload", (cert, bakery.out), ())):
        for out in inputs:
            before = out.read_bytes()
            done = jailbake(verb, "--cert", cert, *more, "-o", out,
                            bakery.out)
            assert (done.status, done.out, done.err) == (
                2, "", f"jailbake: {out}: is read here, and would be "
                "replaced; choose another name for the output\n"), done
            assert out.read_bytes() == before
    done = bakery.bake("--sign", key, "--cert", cert, out=key)
    assert done.status == 2 and f"{key}: is read here" in done.err


# --- what is refused when baking

def refused(bakery, keys, key, cert, words):
    done = bakery.bake("--sign", keys / key, "--cert", keys / cert)
    assert (done.status, done.out, done.err) == (
        4, "", "jailbake: " + words.format(keys=keys) + "\n"), done
    assert not bakery.out.exists()


@pytest.mark.parametrize("key, cert, words", [
    ("P-384.key", "expired.pem",
     "{keys}/expired.pem: the certificate expired on Feb  1 00:00:00 2020 "
     "GMT; an enclave would refuse the image"),
    ("P-384.key", "future.pem",
     "{keys}/future.pem: the certificate is not valid before Jan  1 00:00:00 "
     "2070 GMT; an enclave would refuse the image"),
    ("other.key", "P-384.pem",
     "{keys}/other.key: not the key of the certificate {keys}/P-384.pem"),
    ("P-256.key", "P-384.pem",
     "{keys}/P-256.key: not the key of the certificate {keys}/P-384.pem"),
    ("rsa.key", "rsa.pem",
     "{keys}/rsa.pem: no key on a curve; an enclave image is signed with a "
     "key on P-256, P-384 or P-521 (openssl ecparam -name secp384r1 "
     "-genkey)"),
    ("k1.key", "k1.pem",
     "{keys}/k1.pem: a key on secp256k1; an enclave image is signed with a "
     "key on P-256, P-384 or P-521 (openssl ecparam -name secp384r1 "
     "-genkey)"),
    ("secret.key", "P-384.pem",
     "{keys}/secret.key: the key has a passphrase; decrypt it (openssl "
     "pkey), or sign elsewhere (jailbake payload, jailbake attach)"),
    ("P-384.pem", "P-384.pem",
     "{keys}/P-384.pem: no private key in PEM form: unsupported"),
    ("P-384.key", "P-384.key",
     "{keys}/P-384.key: no certificate in PEM form: no start line"),
    ("none", "P-384.pem", "{keys}/none: No such file or directory"),
])
def test_a_key_or_certificate_that_will_not_do(bakery, keys, key, cert, words):
    refused(bakery, keys, key, cert, words)


def test_a_chain_too_long_for_the_section(bakery, keys, scratch):
    pem = (keys / "P-384.pem").read_bytes()
    (scratch / "chain.pem").write_bytes(pem * (17000 // len(pem) + 1))
    done = bakery.bake("--sign", keys / "P-384.key", "--cert",
                       scratch / "chain.pem")
    assert (done.status, done.err) == (
        4, "jailbake: the certificate makes a signature section of more than "
           "32768 bytes; leave the other certificates out of its file\n")
    assert not bakery.out.exists()
    (scratch / "chain.pem").write_bytes(pem * 100)
    done = bakery.bake("--sign", keys / "P-384.key", "--cert",
                       scratch / "chain.pem")
    assert (done.status, done.err) == (
        4, f"jailbake: {scratch}/chain.pem: more than 65536 bytes: too great "
           "for a signed enclave image\n")
    (scratch / "chain.pem").write_bytes(pem * 3)
    image = bakery.baked("--sign", keys / "P-384.key", "--cert",
                         scratch / "chain.pem")
    check_signature(image, scratch / "chain.pem", "P-384", scratch)


# --- what verify refuses

def forge(keys, curve="P-384", signed=None, cert=None, key=None, raw=None,
          said=None, pcr0=None):
    """The smallest image with a signature of our own making."""
    sections = eif.mini()
    right = eif.VECTORS["PCR0"]
    said = said or curve
    pem = (keys / (cert or f"{curve}.pem")).read_bytes()
    if raw is None:
        tbs = eif.to_be_signed(said, signed or pcr0 or right)
        der = eif.openssl("dgst", f"-{eif.ALGORITHMS[said][2]}", "-sign",
                          keys / (key or f"{curve}.key"), input=tbs)
        raw = eif.raw_signature(der, eif.ALGORITHMS[said][1])
    return eif.image([*sections, (eif.SIGNATURE, eif.signature_section(
        pem, said, pcr0 or right, raw))])


def verified(scratch, data):
    path = scratch / "forged.eif"
    path.write_bytes(data)
    return path, jailbake("verify", path)


def bad(scratch, data, words):
    path, done = verified(scratch, data)
    assert (done.status, done.err) == (
        4, f"jailbake: {path}: its signature is bad: {words}\n"), done
    told = json.loads(jailbake("show", path).out)
    assert told["SignatureCheck"] is False and told["CheckCRC"] is True


@pytest.mark.parametrize("curve", CURVES)
def test_a_signature_by_others_is_accepted(keys, scratch, curve):
    path, done = verified(scratch, forge(keys, curve))
    assert (done.status, done.err) == (0, ""), done


def test_the_signature_of_another_image(keys, scratch):
    other = "ab" * 48
    bad(scratch, forge(keys, pcr0=other),
        "it is for another PCR0: for another image")


def test_a_payload_that_was_not_signed(keys, scratch):
    bad(scratch, forge(keys, signed="ab" * 48),
        "it was not made by the certificate's key")


def test_a_signature_by_another_key(keys, scratch):
    bad(scratch, forge(keys, key="other.key"),
        "it was not made by the certificate's key")


def test_a_signature_of_zeros(keys, scratch):
    bad(scratch, forge(keys, raw=bytes(96)),
        "it was not made by the certificate's key")


def test_an_algorithm_that_is_not_the_keys(keys, scratch):
    bad(scratch, forge(keys, "P-384", said="P-256", raw=bytes(64)),
        "its algorithm is not that of the certificate's key")


def test_an_expired_certificate(keys, scratch):
    path, done = verified(scratch, forge(keys, cert="expired.pem"))
    assert done.err == (
        f"jailbake: {path}: the certificate expired on Feb  1 00:00:00 2020 "
        "GMT; an enclave would refuse the image\n")


WRONG_FORMS = {
    "a tag": lambda s: b"\xd2" + s,
    "a map instead": lambda s: b"\x82" + s[1:] + s[1:],
    "a longer head than need be": lambda s: b"\x98\x01" + s[1:],
    "an array without end": lambda s: b"\x9f" + s[1:] + b"\xff",
    "something behind": lambda s: s + b"\0",
    "cut off": lambda s: s[:-1],
    "another key": lambda s: s.replace(b"signing_certificate",
                                       b"signing_certificatE"),
    "a byte string for the certificate": lambda s: (
        s[:22] + eif.cbor_bytes(bytes(eif.cbor(s)[0]["signing_certificate"])) +
        s[22 + len(eif.cbor_numbers(
            bytes(eif.cbor(s)[0]["signing_certificate"]))):]),
    "a number beyond a byte": lambda s: s[:22 + 3] + b"\x19\x01\x00" +
    s[22 + 5:],
    "a length beyond the file": lambda s: s[:22] + b"\x9b" + b"\xff" * 8 +
    s[25:],
}


@pytest.mark.parametrize("name", WRONG_FORMS)
def test_a_section_of_another_form(keys, scratch, name):
    right = forge(keys)
    section = eif.Eif(right).one(eif.SIGNATURE)
    wrong = WRONG_FORMS[name](section)
    assert wrong != section
    path, done = verified(scratch, eif.image([*eif.mini(),
                                              (eif.SIGNATURE, wrong)]))
    assert (done.status, done.err) == (
        4, f"jailbake: {path}: the signature section has not the form that an "
           "enclave reads\n"), done


def test_a_certificate_of_a_strange_time_is_shown(keys, scratch):
    der = bytearray(eif.openssl("x509", "-in", keys / "P-384.pem", "-outform",
                                "DER"))
    at = der.index(b"\x17\x0d", der.index(b"\x17\x0d") + 1)
    der[at + 2:at + 4] = b"x9"
    pem = eif.openssl("enc", "-base64", input=bytes(der))
    pem = (b"-----BEGIN CERTIFICATE-----\n" + pem +
           b"-----END CERTIFICATE-----\n")
    path = scratch / "strange.eif"
    path.write_bytes(eif.image([*eif.mini(), (
        eif.SIGNATURE, eif.signature_section(pem, "P-384",
                                             eif.VECTORS["PCR0"],
                                             bytes(96)))]))
    done = jailbake("show", path)
    assert done.status == 0, done
    told = json.loads(done.out)["SigningCertificate"]
    assert told["NotAfter"] == "Bad time value"
    done = jailbake("verify", path)
    assert done.status == 4 and "its signature is bad" in done.err


def test_extract_gives_the_certificate(bakery, keys, scratch):
    image = bakery.baked(*sign_options(keys))
    done = jailbake("extract", "-d", scratch / "parts", bakery.out)
    assert done.status == 0, done
    assert (scratch / "parts" / "certificate.pem").read_bytes() == (
        keys / "P-384.pem").read_bytes()
    assert (scratch / "parts" / "signature").read_bytes() == image.one(
        eif.SIGNATURE)


def test_the_configuration_of_libcrypto_has_no_say(bakery, keys, scratch):
    (scratch / "openssl.cnf").write_text("openssl_conf = x\n[x]\nbroken = y\n")
    done = bakery.bake(*sign_options(keys),
                       env={**os.environ,
                            "OPENSSL_CONF": str(scratch / "openssl.cnf")})
    assert done.status == 0, done
