/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * names: every name by which the outside knows sipwake, in one place.
 */
#pragma once

#define SIPWAKE_BUS_NAME "org.sipwake.Sipwake1"
#define SIPWAKE_BUS_PATH "/org/sipwake/Sipwake1"
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
