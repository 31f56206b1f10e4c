/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "proto/contact.h"
#include "proto/pn-value.h"

#include <glib.h>

PnParams *pn_params_from_contact (const Contact *contact);
PnParams *pn_params_from_header (const gchar *name, const gchar *value);

