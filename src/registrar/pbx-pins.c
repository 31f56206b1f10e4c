/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pbx-pins: which way a challenge came, so that its answer takes the same (RFC 3261 22).
 *
 * Two servers of one PBX need not know each other's nonces. Kept by the Call-ID of the phone's
 * request, for as long as a phone may take to answer, and for so many of them.
 */
#include "registrar/pbx-pins.h"

#include "base/clock.h"
#include "base/counters.h"

#include <string.h>

#define KEEP_SECONDS 120
#define MAX_PINS 20000
#define MAX_CALL_ID 256

typedef struct {
  gchar *call_id;
  SipFlow *way;
  gint64 until;
  GList link; /* in the order of age */
} Pin;

struct _PbxPins {
  GHashTable *by_call_id;
  GQueue ages;
};

static void
drop (PbxPins *pins, Pin *pin)
{
  g_hash_table_remove (pins->by_call_id, pin->call_id);
  g_queue_unlink (&pins->ages, &pin->link);
  counters_dec (COUNTER_PBX_PINS);
  sip_flow_unref (pin->way);
  g_free (pin->call_id);
  g_free (pin);
}

static void
drop_old (PbxPins *pins)
{
  gint64 now = clock_now ();

  for (Pin *oldest; (oldest = g_queue_peek_head (&pins->ages)) && oldest->until <= now;)
    drop (pins, oldest);
}

/**
 * pbx_pins_new:
 *
 * Returns: (transfer full): an empty memory
 */
PbxPins *
pbx_pins_new (void)
{
  PbxPins *pins = g_new0 (PbxPins, 1);

  pins->by_call_id = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&pins->ages);
  return pins;
}

/**
 * pbx_pins_free:
 * @pins: (transfer full): a memory
 */
void
pbx_pins_free (PbxPins *pins)
{
  while (!g_queue_is_empty (&pins->ages))
    drop (pins, g_queue_peek_head (&pins->ages));
  g_hash_table_unref (pins->by_call_id);
  g_free (pins);
}

/**
 * pbx_pins_put:
 * @pins: a memory
 * @call_id: of a request that was challenged; one beyond all measure is not remembered
 * @way: the way that the request had taken
 */
void
pbx_pins_put (PbxPins *pins, const gchar *call_id, SipFlow *way)
{
  Pin *pin = g_hash_table_lookup (pins->by_call_id, call_id);

  if (pin)
    drop (pins, pin);
  drop_old (pins);
  if (strlen (call_id) > MAX_CALL_ID)
    return;
  if (g_hash_table_size (pins->by_call_id) >= MAX_PINS) {
    counters_inc (COUNTER_PBX_PINS_DROPPED);
    drop (pins, g_queue_peek_head (&pins->ages));
  }
  pin = g_new0 (Pin, 1);
  pin->call_id = g_strdup (call_id);
  pin->way = sip_flow_ref (way);
  pin->until = clock_now () + KEEP_SECONDS * CLOCK_SECOND;
  pin->link.data = pin;
  g_hash_table_insert (pins->by_call_id, pin->call_id, pin);
  g_queue_push_tail_link (&pins->ages, &pin->link);
  counters_inc (COUNTER_PBX_PINS);
}

/**
 * pbx_pins_drop:
 * @pins: a memory
 * @call_id: of a request that was answered otherwise than by a challenge
 */
void
pbx_pins_drop (PbxPins *pins, const gchar *call_id)
{
  Pin *pin = g_hash_table_lookup (pins->by_call_id, call_id);

  if (pin)
    drop (pins, pin);
}

/**
 * pbx_pins_get:
 * @pins: a memory
 * @call_id: of a request
 *
 * Returns: (transfer none) (nullable): the way that its challenge came
 */
SipFlow *
pbx_pins_get (PbxPins *pins, const gchar *call_id)
{
  const Pin *pin;

  drop_old (pins);
  pin = g_hash_table_lookup (pins->by_call_id, call_id);
  return pin ? pin->way : NULL;
}
