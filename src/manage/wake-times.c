/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wake-times: how long phones took to come back after a push: a histogram for each push service.
 */
#include "manage/wake-times.h"

#define MAX_SERVICES 16 /* what phones register with is known by then; the rest is one more */
#define NAME "sipwake_wake_seconds"

static const gdouble bounds[] = { 0.25, 0.5, 1, 1.5, 2, 3, 5, 8, 13, 20, 30 };

typedef struct {
  guint64 buckets[G_N_ELEMENTS (bounds) + 1];
  guint64 count;
  guint64 failed;
  gdouble sum;
} Times;

struct _WakeTimes {
  GHashTable *services; /* name -> Times */
};

/**
 * wake_times_new:
 *
 * Returns: (transfer full): histograms without a wake-up
 */
WakeTimes *
wake_times_new (void)
{
  WakeTimes *self = g_new0 (WakeTimes, 1);

  self->services = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

/**
 * wake_times_free:
 * @times: (transfer full): histograms
 */
void
wake_times_free (WakeTimes *self)
{
  g_hash_table_unref (self->services);
  g_free (self);
}

static Times *
times_of (WakeTimes *self, const gchar *service)
{
  Times *times = g_hash_table_lookup (self->services, service);

  if (times)
    return times;
  if (g_hash_table_size (self->services) >= MAX_SERVICES)
    service = "other";
  times = g_hash_table_lookup (self->services, service);
  if (!times) {
    times = g_new0 (Times, 1);
    g_hash_table_insert (self->services, g_strdup (service), times);
  }
  return times;
}

/**
 * wake_times_add:
 * @times: histograms
 * @service: which push service
 * @microseconds: from the push to the phone's REGISTER; negative: it did not come
 */
void
wake_times_add (WakeTimes *self, const gchar *service, gint64 microseconds)
{
  Times *times = times_of (self, service);
  gdouble seconds = (gdouble) microseconds / G_USEC_PER_SEC;
  gsize bucket = 0;

  if (microseconds < 0) {
    times->failed++;
    return;
  }
  while (bucket < G_N_ELEMENTS (bounds) && seconds > bounds[bucket])
    bucket++;
  times->buckets[bucket]++;
  times->count++;
  times->sum += seconds;
}

/* Label values come from phones. */
static gchar *
escape_label (const gchar *value)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree gchar *valid = g_utf8_make_valid (value, -1);

  for (const gchar *c = valid; *c; c++) {
    if (*c == '\n')
      g_string_append (text, "\\n");
    else {
      if (*c == '"' || *c == '\\')
        g_string_append_c (text, '\\');
      g_string_append_c (text, *c);
    }
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
print_service (const gchar *service, const Times *times, GString *text)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];
  guint64 sum = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (bounds); i++) {
    sum += times->buckets[i];
    g_string_append_printf (text, NAME "_bucket{service=\"%s\",le=\"%s\"} %" G_GUINT64_FORMAT "\n",
                            service, g_ascii_dtostr (number, sizeof number, bounds[i]), sum);
  }
  g_string_append_printf (text, NAME "_bucket{service=\"%s\",le=\"+Inf\"} %" G_GUINT64_FORMAT "\n",
                          service, times->count);
  g_string_append_printf (text, NAME "_sum{service=\"%s\"} %s\n", service,
                          g_ascii_formatd (number, sizeof number, "%.6f", times->sum));
  g_string_append_printf (text, NAME "_count{service=\"%s\"} %" G_GUINT64_FORMAT "\n", service,
                          times->count);
}

/**
 * wake_times_print:
 * @times: histograms
 * @text: to which they are added in the text form of Prometheus
 */
void
wake_times_print (const WakeTimes *self, GString *text)
{
  GHashTableIter iter;
  gpointer service, times;

  g_string_append (text, "# HELP " NAME " Time from a push to the phone's registration.\n"
                         "# TYPE " NAME " histogram\n");
  g_hash_table_iter_init (&iter, self->services);
  while (g_hash_table_iter_next (&iter, &service, &times)) {
    g_autofree gchar *label = escape_label (service);

    print_service (label, times, text);
  }
  g_string_append (text, "# HELP sipwake_wake_failures_total Wake-ups that brought nobody back.\n"
                         "# TYPE sipwake_wake_failures_total counter\n");
  g_hash_table_iter_init (&iter, self->services);
  while (g_hash_table_iter_next (&iter, &service, &times)) {
    g_autofree gchar *label = escape_label (service);

    g_string_append_printf (text,
                            "sipwake_wake_failures_total{service=\"%s\"} %" G_GUINT64_FORMAT "\n",
                            label, ((const Times *) times)->failed);
  }
}
