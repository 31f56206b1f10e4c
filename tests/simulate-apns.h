/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push-simulator.h"

#define SIMULATE_TEAM "TEAM123456"
#define SIMULATE_KEY "KEY1234567"

gboolean simulate_apns_set_up (Simulator *simulator, GError **error);
void simulate_apns_judge (Push *push);
void simulate_apns_answer (Push *push);
void simulate_apns_over (Push *push);
