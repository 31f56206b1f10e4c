/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * names: every name by which the outside knows sipwake, in one place.
 */
#pragma once

#define SIPWAKE_BUS_NAME "org.sipwake.Sipwake1"
#define SIPWAKE_BUS_PATH "/org/sipwake/Sipwake1"
#define SIPWAKE_BUS_MANAGER SIPWAKE_BUS_NAME ".Manager"
#define SIPWAKE_BUS_PBX SIPWAKE_BUS_NAME ".Pbx"
#define SIPWAKE_BUS_ACCOUNT SIPWAKE_BUS_NAME ".Account"
#define SIPWAKE_BUS_BINDING SIPWAKE_BUS_NAME ".Binding"
#define SIPWAKE_BUS_CALL SIPWAKE_BUS_NAME ".Call"
#define SIPWAKE_BUS_ERROR SIPWAKE_BUS_NAME ".Error."
#define SIPWAKE_BUS_ERROR_DENIED SIPWAKE_BUS_ERROR "Denied"
#define SIPWAKE_BUS_ERROR_NOT_FOUND SIPWAKE_BUS_ERROR "NotFound"
#define SIPWAKE_ACTION_READ "org.sipwake.sipwake1.read"
#define SIPWAKE_ACTION_TEST "org.sipwake.sipwake1.test"
#define SIPWAKE_ACTION_CHANGE "org.sipwake.sipwake1.change"
#define SIPWAKE_CONFIG_FILE "/etc/sipwake/sipwake.conf"
#define SIPWAKE_CONFIG_DIR "/etc/sipwake/conf.d"
#define SIPWAKE_STATE_DIR "/var/lib/sipwake"
#define SIPWAKE_STATE_DB "state.db"
#define SIPWAKE_STATE_LOCK "state.lock"
#define SIPWAKE_VAPID_FILE "vapid.pem"
#define SIPWAKE_TOKEN_KEY_FILE "token.key"
#define SIPWAKE_SEALING_KEY_FILE "sealing.key"
#define SIPWAKE_SEALING_CREDENTIAL "sipwake-key"
#define SIPWAKE_LOG_DOMAIN "sipwake"
