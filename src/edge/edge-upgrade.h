/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define EDGE_UPGRADE_MAX 8192

typedef enum {
  EDGE_UPGRADE_MORE,
  EDGE_UPGRADE_ACCEPTED,
  EDGE_UPGRADE_REFUSED,
} EdgeUpgradeVerdict;

typedef struct {
  EdgeUpgradeVerdict verdict;
  guint status;
  const gchar *cause;
  gsize eaten;
  gchar accept[32];
} EdgeUpgrade;

void edge_upgrade_parse (const guint8 *bytes, gsize size, const gchar *path,
                         const gchar *const *origins, EdgeUpgrade *upgrade);
gchar *edge_upgrade_answer (const EdgeUpgrade *upgrade);
gchar *edge_upgrade_refusal (guint status, const gchar *cause);
