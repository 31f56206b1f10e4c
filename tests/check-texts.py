#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-texts: whatever people read can be translated, and is, into every language. Prints TAP."""
import glob
import os
import re
import subprocess
import sys
import tempfile

TOP = os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), ".."))
MARKED = re.compile(r"\b(?:N?C?_|n?gettext) \(")


def read(*parts):
    with open(os.path.join(TOP, *parts), encoding="utf-8") as file:
        return file.read()


def listed(*parts):
    return {line for line in read(*parts).splitlines() if line and not line.startswith("#")}


def marked_files():
    """The files that have texts for people."""
    sources = glob.glob(os.path.join(TOP, "src", "**", "*.[ch]"), recursive=True)
    names = {os.path.relpath(source, TOP) for source in sources}
    found = {name for name in names if MARKED.search(read(name))}
    return found | {os.path.relpath(policy, TOP)
                    for policy in glob.glob(os.path.join(TOP, "data", "*.policy"))}


def extract(template):
    """Writes the texts of the sources to @template, as "make update-po" has them."""
    makevars = read("po", "Makevars")
    options = re.search(r"^XGETTEXT_OPTIONS = ((?:.*\\\n)*.*)", makevars, re.M).group(1)
    subprocess.run(
        ["xgettext", f"--directory={TOP}", f"--files-from={os.path.join(TOP, 'po', 'POTFILES.in')}",
         f"--output={template}", *options.replace("\\\n", " ").split()], check=True, timeout=60,
        env={**os.environ, "GETTEXTDATADIRS": os.path.join(TOP, "data")})


def texts_that_are(attribute, catalogue):
    """The texts of @catalogue that msgattrib selects by @attribute, but not its header."""
    done = subprocess.run(["msgattrib", attribute, "--no-obsolete", "--no-wrap", catalogue],
                          check=True, stdout=subprocess.PIPE, text=True, timeout=60)
    found = re.findall(r'^msgid ((?:".*"\n)+)', done.stdout, re.M)
    return [text.replace('"\n"', "").strip() for text in found if text != '""\n']


def faults(language, template, directory):
    """What is wrong with the catalogue of a language, measured by the sources of today."""
    catalogue = os.path.join(TOP, "po", f"{language}.po")
    merged = os.path.join(directory, f"{language}.po")
    subprocess.run(["msgmerge", "--quiet", "--no-fuzzy-matching", f"--output-file={merged}",
                    catalogue, template], check=True, timeout=60)
    done = subprocess.run(["msgfmt", "--check", "--output-file=/dev/null", catalogue], check=False,
                          stderr=subprocess.PIPE, text=True, timeout=60)
    return ([f"not translated: {text}" for text in texts_that_are("--untranslated", merged)] +
            [f"fuzzy: {text}" for text in texts_that_are("--only-fuzzy", catalogue)] +
            [f"no text of today: {line}" for line in re.findall(r"^#~ msgid .*", read(
                "po", f"{language}.po"), re.M)] +
            (done.stderr.splitlines() if done.returncode else []))


def main():
    languages = sorted(listed("po", "LINGUAS"))
    catalogues = {os.path.basename(name)[:-3]
                  for name in glob.glob(os.path.join(TOP, "po", "*.po"))}
    checks = [("there are languages", [] if languages else ["po/LINGUAS is empty"]),
              ("po/POTFILES.in has the files with texts",
               marked_files() ^ listed("po", "POTFILES.in")),
              ("po/LINGUAS has the catalogues", catalogues ^ set(languages))]
    with tempfile.TemporaryDirectory(prefix="sipwake-texts-") as directory:
        template = os.path.join(directory, "sipwake.pot")
        extract(template)
        checks += [(f"{language} is complete", faults(language, template, directory))
                   for language in languages]
    print(f"1..{len(checks)}")
    for number, (name, wrong) in enumerate(checks, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
        for word in sorted(wrong):
            print(f"# {word}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
