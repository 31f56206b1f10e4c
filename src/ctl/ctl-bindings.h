/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl-session.h"

CtlExit ctl_bindings_list (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_bindings_show (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_bindings_remove (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_bindings_test_push (CtlSession *session, const gchar *const *arguments);
