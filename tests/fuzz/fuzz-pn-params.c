/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-pn-params: any bytes as the parameters of a Contact, inside and outside its URI, and as a
 * vendor's header.
 */
#include "fuzz/fuzz.h"
#include "proto/pn-params.h"

static void
check_printable (const gchar *text)
{
  for (; text && *text; text++)
    g_assert_true (g_ascii_isgraph (*text));
}

static void
check (PnParams *params)
{
  g_autoptr (PnParams) copy = pn_params_copy (params);

  g_assert_true (pn_params_equal (params, copy));
  g_assert_true ((params->kind == PN_INCOMPLETE) == (params->problem != NULL));
  if (params->kind == PN_PUSH) {
    g_assert_true (params->provider && *params->provider);
    g_assert_true (params->prid && *params->prid);
    check_printable (params->prid);
    check_printable (params->param);
    check_printable (params->topic);
    check_printable (params->remote_topic);
    check_printable (params->enc_key);
    check_printable (params->enc_auth);
  }
  pn_params_free (params);
}

static void
check_contact (const gchar *format, const gchar *params)
{
  g_autofree gchar *text = g_strconcat (format[0] == '<' ? "<sip:u@h" : "sip:u@h", params,
                                        format[0] == '<' ? ">" : "", NULL);
  g_autoptr (Contact) contact = contact_parse (text, NULL);

  if (contact)
    check (pn_params_from_contact (contact));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree gchar *text = g_strndup ((const gchar *) data, size);

  check_contact ("<>", text);
  check_contact ("", text);
  check (pn_params_from_header ("x-p-push", text));
  check (pn_params_from_header ("X-MPUSH", text));
  return 0;
}
