/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/router.h"
#include "config/settings.h"
#include "crypto/keyed-hash.h"

typedef struct _MediaSetup MediaSetup;

MediaSetup *media_setup_new (KeyedHash *key);
void media_setup_free (MediaSetup *setup);
const Rtpengine *media_setup_rtpengine (const MediaSetup *setup);

gboolean media_setup_apply (MediaSetup *setup, const Settings *settings, GPtrArray *pbxes,
                            Router *router, GError **error);
