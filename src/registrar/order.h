/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/location.h"
#include "registrar/registration.h"

typedef struct _Order Order;

Order *order_new (Location *location);
void order_free (Order *order);

gboolean order_is_kept (const Order *order, const Registration *registration);
void order_await (Order *order, Registration *registration);
void order_leave (Order *order, Registration *registration);
void order_overtake (Order *order, const Registration *registration);
