/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge.h"

typedef struct _EdgeRenewal EdgeRenewal;

EdgeRenewal *edge_renewal_new (Edge *edge);
void edge_renewal_free (EdgeRenewal *renewal);

void edge_renewal_watch (EdgeRenewal *renewal, const gchar *const *certificates,
                         const gchar *const *others);
void edge_renewal_now (EdgeRenewal *renewal);
