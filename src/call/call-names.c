/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * call-names: calls that a request names by their Call-ID, since it returns them or is about them
 * (RFC 3261 20.21, RFC 3428).
 *
 * The router asks for new requests, each call and each subscription for those inside it. Both sides
 * of a call know it by other names, and the log has both.
 */
#include "call/call-names.h"

#define MAX_NAMES 16

/**
 * call_names_translate:
 * @log: the calls that are and were
 * @request: (inout): a request that goes on to the other side
 *
 * Names the calls that it returns or refers to as the other side knows them; others keep their
 * names, and so do all where there are too many.
 */
void
call_names_translate (CallLog *log, SipRequest *request)
{
  g_autoptr (GString) names = g_string_new (NULL);
  gsize n = 0;

  for (const sip_in_reply_to_t *header = sip_request_sip (request)->sip_in_reply_to; header;
       header = header->k_next)
    for (gsize i = 0; header->k_items && header->k_items[i]; i++, n++) {
      const gchar *other;

      if (n == MAX_NAMES)
        return;
      other = call_log_other_name (log, header->k_items[i]);
      g_string_append_printf (names, "%s%s", n ? ", " : "", other ? other : header->k_items[i]);
    }
  if (n > 0)
    sip_request_set_in_reply_to (request, names->str);
}
