/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error: the one error domain.
 *
 * A GError says that something could not be done; an answer of "no" (busy, gone, timed out) is
 * an enum of the noun that gives it. The codes are mapped once to SIP status codes (sip/sip-map)
 * and once to D-Bus error names (manage/).
 */
#include "base/error.h"

G_DEFINE_QUARK (sipwake-error-quark, sipwake_error)
