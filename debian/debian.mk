# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The tarball carries the package's recipe, so that the package builds from it.
EXTRA_DIST += \
  debian/changelog \
  debian/control \
  debian/copyright \
  debian/debian-12.lintian-overrides \
  debian/rules \
  debian/sipwake.dirs \
  debian/sipwake.docs \
  debian/sipwake.examples \
  debian/sipwake.lintian-overrides \
  debian/sipwake.postrm \
  debian/source/format \
  debian/tests/control \
  debian/tests/service \
  debian/tests/woken-call \
  docs/architecture.md \
  docs/performance.md \
  docs/quick-start.md

dist_check_SCRIPTS += tests/check-packages.py
