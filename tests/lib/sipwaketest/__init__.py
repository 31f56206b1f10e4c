# SPDX-License-Identifier: LGPL-2.1-or-later
"""sipwaketest: phones, a PBX, and what it takes to run the daemon between them.

A module is one noun. `House` puts the parts together, `tap` runs the tests of a scenario file.
"""
