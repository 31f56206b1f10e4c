/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-feature-caps: any bytes as a Feature-Caps header and as the parts of one.
 */
#include "fuzz/fuzz.h"
#include "proto/feature-caps.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree gchar *text = g_strndup ((const gchar *) data, size);
  g_autofree gchar *value = feature_caps_push (text, text, 130, text);

  feature_caps_has_pns (text);
  if (value) {
    g_assert_true (feature_caps_has_pns (value));
    g_assert_null (strpbrk (value, " ,\\\r\n"));
  }
  return 0;
}
