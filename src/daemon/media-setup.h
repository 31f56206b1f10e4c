/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/router.h"
#include "config/settings.h"

typedef struct _MediaSetup MediaSetup;

MediaSetup *media_setup_create (const Settings *settings, GBytes *key, GError **error);
void media_setup_free (MediaSetup *setup);

void media_setup_apply (MediaSetup *setup, GPtrArray *pbxes, Router *router);
