/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push-simulator.h"

#define SIMULATE_PROJECT "simulated-project"

gboolean simulate_fcm_set_up (Simulator *simulator, GError **error);
void simulate_fcm_write_account (Simulator *simulator, const gchar *url);
void simulate_fcm_judge_token (Push *push);
void simulate_fcm_judge (Push *push);
void simulate_fcm_answer (Push *push);
