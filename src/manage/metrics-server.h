/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manage/metrics.h"

#include <gio/gio.h>

typedef struct _MetricsServer MetricsServer;

MetricsServer *
metrics_server_new (const gchar *host, guint port, const MetricsSources *sources, GError **error);
void metrics_server_free (MetricsServer *server);
