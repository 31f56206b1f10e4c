/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl-session.h"

CtlExit ctl_accounts_list (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_accounts_add (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_accounts_import (CtlSession *session, const gchar *const *arguments);
CtlExit ctl_accounts_remove (CtlSession *session, const gchar *const *arguments);
