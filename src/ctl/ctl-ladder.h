/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

void ctl_ladder_print (GVariant *steps, gboolean to_phone);
