/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/pbx.h"

Pbx *pbx_find_by_domain (GPtrArray *pbxes, const gchar *domain);
Pbx *pbx_find_by_source (GPtrArray *pbxes, GInetAddress *source);
