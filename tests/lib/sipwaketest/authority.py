# SPDX-License-Identifier: LGPL-2.1-or-later
"""authority: a certificate authority of the test's own."""
import os
import ssl
import subprocess


class Authority:
    """Keeps its files, and those that it issues, in `folder`."""

    def __init__(self, folder, name="authority"):
        self.folder = folder
        self.name = name
        self.file = self.path(name, "pem")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-keyout", self.path(name, "key"), "-out", self.file,
                     "-subj", f"/CN={name}", "-days", "2",
                     "-addext", "basicConstraints=critical,CA:TRUE",
                     "-addext", "keyUsage=critical,keyCertSign")

    def path(self, name, end):
        return os.path.join(self.folder, f"{name}.{end}")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL, capture_output=True,
                       check=True, cwd=self.folder, timeout=60)

    def issue(self, name, san, subject="/CN=ignored", kind="ec", ca=False, days=2):
        """Returns (certificate file, key file); a second one of the same name replaces the first."""
        key, request, extensions, certificate = (self.path(name, end)
                                                 for end in ("key", "csr", "ext", "pem"))
        new = (["-newkey", "rsa:2048"] if kind == "rsa"
               else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        self.openssl("req", "-new", *new, "-nodes", "-keyout", key, "-out", request,
                     "-subj", subject)
        with open(extensions, "w", encoding="ascii") as file:
            if san:
                file.write(f"subjectAltName={san}\n")
            file.write("basicConstraints=critical,CA:%s\n" % ("TRUE" if ca else "FALSE"))
            if ca:
                file.write("keyUsage=critical,keyCertSign\n")
        self.openssl("x509", "-req", "-in", request, "-CA", self.file,
                     "-CAkey", self.path(self.name, "key"), "-CAcreateserial",
                     "-out", certificate, "-days", str(days), "-extfile", extensions)
        return certificate, key

    def client(self):
        """What a party needs that trusts this authority and looks at no names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.file)
        return context

    def server(self, pair):
        """What a party needs that proves itself with a certificate and its key."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        return context
