/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pn-names: which URI parameters speak of push.
 *
 * They must not leave towards the PBX or another phone (RFC 8599 sections 4.1 and 13). Linphone's
 * application id has no common prefix with the others.
 */
#include "proto/pn-names.h"

/**
 * pn_name_is_push:
 * @name: a parameter's name, in any case
 *
 * Returns: whether it belongs to any dialect of push
 */
gboolean
pn_name_is_push (const gchar *name)
{
  return !g_ascii_strncasecmp (name, "pn-", 3) || !g_ascii_strcasecmp (name, "app-id");
}
