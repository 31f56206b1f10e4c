/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl-session.h"

CtlExit ctl_push_check (CtlSession *session, const gchar *const *arguments);
