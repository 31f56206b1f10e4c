/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl-session.h"

CtlExit ctl_daemon_status (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_daemon_counters (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_daemon_reload (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_daemon_drain (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_daemon_log_level (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_daemon_check_config (CtlSession *session, const gchar *const *arguments);
