# SPDX-License-Identifier: LGPL-2.1-or-later
dist_check_SCRIPTS += tests/check-layers.py
include tests/push.mk
