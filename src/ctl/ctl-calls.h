/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl-session.h"

CtlExit ctl_calls_list (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_calls_show (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_calls_hang_up (CtlSession *session, const gchar *const *arguments);
