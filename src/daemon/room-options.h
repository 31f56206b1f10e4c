/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/call.h"
#include "config/settings.h"
#include "daemon/edge-setup.h"
#include "registrar/registrar.h"

CallOptions room_options_call (const Settings *settings);
SharingPolicy room_options_sharing (SettingsContacts contacts);
AdmissionOptions room_options_admission (const Settings *settings, const EdgeSetup *edge);
GPtrArray *room_options_listeners (const Settings *settings, EdgeSetup *edge);
GPtrArray *room_options_pbxes (const Settings *settings, SipStack *stack);
