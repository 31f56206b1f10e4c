# SPDX-License-Identifier: LGPL-2.1-or-later
EXTRA_DIST += \
  tests/demo/demo.py \
  tests/demo/kamailio.cfg \
  tests/demo/processes.py \
  tests/demo/softphones.py \
  tests/demo/tone.py
