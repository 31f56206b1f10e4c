/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/keeper.h"
#include "registrar/sharing.h"

typedef struct _Inquiries Inquiries;

Inquiries *inquiries_new (Upstream *upstream, Sharing *sharing, Keeper *keeper);
void inquiries_free (Inquiries *inquiries);

void inquiries_ask (Inquiries *inquiries, Registration *registration, Account *account);
