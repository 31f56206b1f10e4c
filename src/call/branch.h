/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/branch-state.h"

Branch *branch_new (const BranchCall *call, const BranchFuncs *funcs, gpointer user_data);
void branch_free (Branch *branch);

void branch_call_phone (Branch *branch, Binding *binding);
void branch_refresh (Branch *branch, Binding *binding);
void branch_hang_up (Branch *branch, BranchEnd end, const sip_t *because);

BranchFailure branch_failure (const Branch *branch);
gboolean branch_is_phone (const Branch *branch, const Binding *binding);
Leg *branch_leg (const Branch *branch, MediaSession **media);
